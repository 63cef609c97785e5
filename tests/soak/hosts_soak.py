#!/usr/bin/env python3
"""A cell of five hosts under load while hosts, processes and links fail; then trials; then the checker's verdict.

usage: hosts_soak.py --job FABRIC_SOAK_JOB [--strikes N] [--profile NAME] [--trials N] [--queued N] [--seed S]
                     [--mutation NAME] [--lanes-away] [--keep]

The programs come from FABRIC_BIN, else from build/release/bin. Exit codes as soak.py's; 2 too where there can be no
hosts out of network namespaces.
"""

import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

import netns  # noqa: E402 - their folder is known only now
from harness import alive, merged  # noqa: E402
from history import History  # noqa: E402
from host_cluster import HostWorker  # noqa: E402
from hosts import Cell, HostNode  # noqa: E402
from hosts_config import CLIENT, SCHEDULER, WORKERS, config_of  # noqa: E402
from hosts_killer import HostsKiller  # noqa: E402
from hosts_trials import Trials  # noqa: E402
from profiles import HOSTS_PROFILES, LEASE_S  # noqa: E402
from soak import Soak, cgroups_usable, progress  # noqa: E402

TRIAL_LEASE_S = 15


class HostsSoak(Soak):
    """One run in the directory of its cell, which holds all that the checker reads."""

    def __init__(self, options):  # pylint: disable=super-init-not-called - all of it is different
        self._options, self._profile = options, HOSTS_PROFILES[options.profile]
        if not cgroups_usable():
            self._profile["modes"].pop("ghost", None)
        self._cell = Cell((SCHEDULER, *WORKERS, CLIENT))
        self.directory = self._cell.directory
        job = pathlib.Path(options.job).resolve()
        self._scheduler = HostNode(self._cell[SCHEDULER], base=self._config(SCHEDULER, job))
        self._node = self._scheduler.seen_from(self._cell[CLIENT])
        self._proxies = {name: self._cell.proxy_to(self._cell[SCHEDULER]) for name in WORKERS}
        self._workers = {name: HostWorker(self._cell[name], base=self._config(name, job)).join(self._node, proxy.address)
                         for name, proxy in self._proxies.items()}
        self._history = History(self.directory / "clients.jsonl")
        self._killer = HostsKiller(self._scheduler, self._workers, self._proxies, self._profile, options.seed)
        self._about = {"seed": options.seed, "profile": options.profile, "mutation": options.mutation, "findings": [],
                       "hosts": list(WORKERS)}

    def _config(self, name, job):
        return config_of(self._cell, self._cell[name], job, LEASE_S, self._options.lanes_away)

    def run(self):
        """Returns the checker's exit code."""
        began = time.monotonic()
        try:
            for name in WORKERS:
                (self.directory / name / "jobs.jsonl").touch()
            self._scheduler.start()
            for worker in self._workers.values():
                self._scheduler.admit(worker)
                worker.start()
            self._load_and_kill()
            self._about["unfinished"] = self._drain()
            self._trials()
            self._about["unfinished"] += self._drain()
            self._about["orphans"] = self._orphans()
            self._collect()
            self._stop()
        finally:
            self._history.close()
            for node in self._nodes():
                node.kill_everything()
        boots = [(boot, ahead_s, host.name) for host in self._cell for boot, ahead_s in host.boots]
        self._about.update(
            faults=self._killer.counts, kills=self._killer.kills, deaths=self._killer.deaths, thaws=[],
            resumed=self._killer.resumed, boots={boot: ahead_s * 10**9 for boot, ahead_s, _ in boots},
            boot_hosts={boot: name for boot, _, name in boots}, seconds=round(time.monotonic() - began, 1))
        return self._judge()

    def _nodes(self):
        return [self._scheduler, *self._workers.values()]

    def _load_and_kill(self):
        self._options.kills = self._options.strikes
        super()._load_and_kill()

    def _strikes(self):
        return sum(self._killer.counts.values())

    def _trials(self):
        """With leases as they are by default."""
        for node in reversed(self._nodes()):
            node.drain()
            node.config = merged(node.config, {"lease": {"first": f"{TRIAL_LEASE_S}s"}})
        for node in self._nodes():
            node.start()
        trials = Trials(self._cell, self._scheduler, self._workers, self._node, self._history, TRIAL_LEASE_S)
        for n in range(self._options.trials):
            name = WORKERS[n % len(WORKERS)]
            progress(f"soak: trials {n + 1} of {self._options.trials}")
            trials.fabricd_killed(name)
            trials.host_gone(name, age_s=2 if n % 3 else 20)
        if self._options.trials:
            progress("soak: the scheduler is away")
            trials.scheduler_away()
        if self._options.queued:
            progress(f"soak: a scheduler with {self._options.queued} jobs starts")
            trials.scheduler_restarted(self._options.queued)

    def _stop(self):
        for node in reversed(self._nodes()):
            code, _ = node.drain()
            if code != 0:
                self._about["findings"].append(f"{node.host.name} ended a drain without jobs with exit code {code}")

    def close(self, keep):
        """Ends the cell; its directory stays with `keep`."""
        for proxy in self._proxies.values():
            proxy.close()
        if keep:
            kept = self.directory.with_name(self.directory.name + "-kept")
            shutil.copytree(self.directory, kept, ignore=shutil.ignore_patterns("*.sock"))
            print(f"soak: histories, logs and store are in {kept}; again with --seed {self._options.seed}")
        self._cell.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--job", required=True, help="the program fabric-soak-job")
    parser.add_argument("--strikes", type=int, default=30, help="faults under load")
    parser.add_argument("--profile", choices=HOSTS_PROFILES, default="hosts")
    parser.add_argument("--trials", type=int, default=3, help="rounds of trials; 0: none")
    parser.add_argument("--queued", type=int, default=100_000,
                        help="jobs in the lanes when the scheduler restarts; 0: not tried")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--mutation", default="", help="a deliberate fault, with programs of the preset `mutations`")
    parser.add_argument("--lanes-away", action="store_true", help="the fast lane lives on the workers")
    parser.add_argument("--keep", action="store_true", help="keep the directory of a run that passed")
    options = parser.parse_args()
    if netns.why_not():
        print(f"soak: no hosts of network namespaces here: {netns.why_not()}", file=sys.stderr)
        return 2
    os.environ["FABRIC_MUTATION"] = options.mutation
    print(f"soak: profile {options.profile}, {options.strikes} faults, {options.trials} rounds of trials, seed {options.seed}", flush=True)
    soak = HostsSoak(options)
    try:
        code = soak.run()
    except Exception:  # noqa: BLE001 - whatever it was, the evidence stays
        traceback.print_exc()
        code = 2
    soak.close(code != 0 or options.keep)
    return code


if __name__ == "__main__":
    sys.exit(main())
