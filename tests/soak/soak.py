#!/usr/bin/env python3
"""A fabric under load while its processes are killed; then the checker's verdict.

usage: soak.py --job FABRIC_SOAK_JOB [--kills N] [--seed S] [--profile NAME] [--mutation NAME] [--keep]

The programs come from FABRIC_BIN, else from build/release/bin. Exit codes: 0 every check passed, 1 one failed (the
directory with all evidence is named and kept), 2 the soak itself could not be carried out.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

from harness import Node, alive, processes  # noqa: E402 - its folder is known only now
from history import History  # noqa: E402
from killer import Killer  # noqa: E402
from load import Client  # noqa: E402
from profiles import LEASE_S, PROFILES  # noqa: E402

DRAIN_S = 180  # From the last fault until every job has ended.
READERS = 4
INSIST = 5


def config(directory, job):
    return {
        "node": {"name": "soak", "allow_root": True, "memory_low": "1MiB", "drain_timeout": "5s"},
        "store": {"disk_low": "1MiB", "reserve": "64KiB"},
        "lanes": [{"name": "fast", "slots": 3, "budget": "1s", "grace": "400ms"},
                  {"name": "slow", "slots": 3, "grace": "400ms"}],
        "routing": {"policy": "fast-first"},
        "classes": {"soak": {
            "command": [str(job), "{input.mode}", "{input.ms}"],
            "env": {"SOAK_HISTORY": str(directory / "jobs.jsonl"), "SOAK_MARK": str(directory)},
            "max_attempts": 3,
            "backoff": {"base": "50ms", "max": "500ms"},
        }},
        "lease": {"first": f"{LEASE_S}s"},
        "log": {"format": "json"},
    }


def progress(text):
    print(f"\r\033[K{text}" if sys.stderr.isatty() else text, end="" if sys.stderr.isatty() else "\n",
          file=sys.stderr, flush=True)


def cgroups_usable():
    """Whether this process may make groups below its own: without them nothing finds a daemon that has left its
    session, its parent and its environment behind, once the keeper that was its reaper is killed."""
    try:
        own = next(line[3:] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()
                   if line.startswith("0::"))
        mounts = [line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    except (OSError, StopIteration):
        return False
    return any(words[words.index("-") + 1] == "cgroup2" and os.access(words[4] + own.rstrip("/"), os.W_OK)
               for words in mounts)


class Soak:
    """One run in a directory of its own, which holds all that the checker reads."""

    def __init__(self, options):
        self._options = options
        self._profile = PROFILES[options.profile]
        if not cgroups_usable() and self._profile["modes"].pop("ghost", None):
            print("soak: no usable cgroups: no job leaves a ghost")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="fabric-soak-"))
        self._node = Node(self.directory, base=config(self.directory, pathlib.Path(options.job).resolve()))
        self._history = History(self.directory / "clients.jsonl")
        self._killer = Killer(self._node, self._profile, options.seed)
        self._about = {"seed": options.seed, "profile": options.profile, "mutation": options.mutation, "findings": []}

    def run(self):
        """Returns the checker's exit code."""
        began = time.monotonic()
        (self.directory / "jobs.jsonl").touch()
        try:
            self._node.start()
            self._load_and_kill()
            self._about["unfinished"] = self._drain()
            self._about["orphans"] = self._orphans()
            self._collect()
            self._stop()
        finally:
            self._node.kill_everything()
            self._history.close()
        self._about.update(faults=self._killer.counts, kills=self._killer.kills, deaths=self._killer.deaths,
                           thaws=self._killer.thaws, seconds=round(time.monotonic() - began, 1))
        return self._judge()

    def _judge(self):
        (self.directory / "about.json").write_text(json.dumps(self._about, indent=1))
        return subprocess.run([sys.executable, str(HERE / "checker.py"), str(self.directory)], check=False).returncode

    def _load_and_kill(self):
        clients = [Client(n, self._node, self._history, self._profile, self._options.seed)
                   for n in range(self._profile["clients"])]
        for client in clients:
            client.start()
        try:
            while self._strikes() < self._options.kills:
                name = self._killer.strike()
                progress(f"soak: {self._strikes()} of {self._options.kills}: {name}")
        finally:
            for client in clients:
                client.stop()
            for client in clients:
                client.join()
        self._about["findings"] += [f"{c.name} broke: {c.failure}" for c in clients if c.failure]

    def _strikes(self):
        return self._killer.kills

    def _drain(self):
        """Waits until every job has ended; returns the ids of those that have not."""
        end = time.monotonic() + DRAIN_S
        while True:
            self._killer.look_for_deaths()
            left = [job["id"] for job in self._list("--state", "waiting,scheduled,ready,running")]
            if not left or time.monotonic() > end:
                return left
            progress(f"soak: {len(left)} jobs left")
            time.sleep(0.5)

    def _orphans(self):
        """Processes of jobs that are alive although no job runs: by what they carry, and by what they are."""
        mark, job = str(self.directory), os.path.realpath(self._options.job)
        found = set(processes(f"SOAK_MARK={mark}", "environ"))
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{entry}/exe") == job and self._is_ours(entry):
                    found.add(int(entry))
            except OSError:
                pass  # Gone, or another user's.
        return sorted(pid for pid in found if alive(pid))

    def _is_ours(self, entry):
        links = [os.readlink(f"/proc/{entry}/fd/{fd}") for fd in os.listdir(f"/proc/{entry}/fd")]
        return any(link.startswith(f"{self.directory}/") for link in links)

    def _list(self, *options):
        for _ in range(INSIST):
            answer = self._node.fabric("list", "--limit", "1000000", *options)
            if answer.code == 0:
                return answer.lines
        raise RuntimeError(f"fabric list: {answer.err}")

    def _collect(self):
        """Everything that the fabric shows of every job."""
        ids = [job["id"] for job in self._list("--class", "soak")]
        with concurrent.futures.ThreadPoolExecutor(READERS) as pool, \
                open(self.directory / "final.jsonl", "w", encoding="utf-8") as out:
            for shown in pool.map(self._shown, ids):
                out.write(json.dumps(shown) + "\n")

    def _shown(self, job):
        shown = self._insist("show", job)
        shown["read_result"] = self._insist("result", job)
        return shown

    def _insist(self, *words):
        """The answer's first line. Once in a while a fabric on a busy machine cannot be reached in time."""
        for _ in range(INSIST):
            answer = self._node.fabric(*words)
            if answer.code != 3:
                return answer.lines[0]
        raise RuntimeError(f"fabric {words}: {answer.err}")

    def _stop(self):
        self._node.signal(signal.SIGTERM)
        code, _ = self._node.end()
        if code != 0:
            self._about["findings"].append(f"fabricd ended a drain without jobs with exit code {code}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--job", required=True, help="the program fabric-soak-job")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--profile", choices=PROFILES, default="general")
    parser.add_argument("--mutation", default="", help="a deliberate fault, with programs of the preset `mutations`")
    parser.add_argument("--keep", action="store_true", help="keep the directory of a run that passed")
    options = parser.parse_args()
    os.environ["FABRIC_MUTATION"] = options.mutation
    print(f"soak: profile {options.profile}, {options.kills} kills, seed {options.seed}", flush=True)
    soak = Soak(options)
    try:
        code = soak.run()
    except Exception:  # noqa: BLE001 - whatever it was, the evidence stays
        traceback.print_exc()
        code = 2
    if code == 0 and not options.keep:
        shutil.rmtree(soak.directory)
    else:
        print(f"soak: histories, logs and store are in {soak.directory}; again with --seed {options.seed}")
    return code


if __name__ == "__main__":
    sys.exit(main())
