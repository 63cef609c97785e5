"""A fabric of its own on this host, for the demo and the benchmarks: one fabricd with a data directory, its command
line, and the certainty that none of its processes is left behind."""

import contextlib
import json
import os
import pathlib
import shlex
import signal
import socket
import sqlite3
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("FABRIC_BIN") or ROOT / "build/release/bin").resolve()

POLL_S = 0.02
READY_S = 20
DRAIN_S = 40  # more than node.drain_timeout
ANSWER_S = 60


class FabricError(Exception):
    """The fabric did not do what it must; the text says what."""


def free_port():
    """A loopback port nobody has now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def read_bytes(path):
    with contextlib.suppress(OSError):
        return pathlib.Path(path).read_bytes()
    return b""


def is_alive(pid):
    """Whether the process runs; a zombie does not."""
    stat = read_bytes(f"/proc/{pid}/stat")
    return bool(stat) and stat.rsplit(b")", 1)[1].split()[0] not in (b"Z", b"X")


def cpu_seconds(pid):
    """CPU time of a process; None if it is gone. schedstat has ns; stat misses what is under a tick."""
    tasks = [read_bytes(path) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")]
    if tasks and all(tasks):
        return sum(int(task.split()[0]) for task in tasks) / 1e9
    stat = read_bytes(f"/proc/{pid}/stat")
    if not stat:
        return None
    fields = stat.rsplit(b")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class LocalFabric:
    """fabricd with `config` and `settings` (JSON pointer: value) over it; data, log and address are its own."""

    ready_mark = " ready on "

    def __init__(self, directory, config, settings):
        self.directory = pathlib.Path(directory)
        self.data = self.directory / "data"
        self.tls = self.directory / "tls"  # A link: who names the data directory is taken for a process of the fabric.
        self.log_file = self.directory / "fabricd.log"
        self.port = free_port()
        self.config = pathlib.Path(config)
        self.settings = {"/node/listen": self.address, **settings}
        if os.geteuid() == 0:
            self.settings["/node/allow_root"] = True
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    # -- the daemon ---------------------------------------------------------------------------------------------------

    def command(self):
        words = [str(BIN / "fabricd"), "--config", str(self.config), "--data", str(self.data)]
        for pointer, value in self.settings.items():
            words += ["--set", f"{pointer}={json.dumps(value)}"]
        return words

    def start(self):
        """Starts fabricd in a session of its own, so that Ctrl-C reaches only us; returns its line when ready."""
        if not self.tls.is_symlink():
            self.tls.symlink_to(self.data / "tls/client")
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=log, text=True, start_new_session=True)
        line = self.process.stdout.readline().strip()
        if self.ready_mark not in line:
            raise FabricError(f"fabricd did not start; its log says:\n{self.log_tail()}")
        self.await_slots()
        return line

    def await_slots(self):
        """Waits until the node's workers have joined their lanes."""
        end = time.monotonic() + READY_S
        while not self.has_joined():
            if time.monotonic() > end:
                raise FabricError(f"no worker joined within {READY_S} s; the log says:\n{self.log_tail()}")
            time.sleep(POLL_S)

    def has_joined(self):
        workers = [w for node in self.fabric("nodes")[0]["nodes"] for w in node["workers"]]
        slots = sum(lane["slots"] for lane in self.lanes())
        return bool(workers) and slots == sum(w["slots"] for w in workers)

    def log_tail(self, lines=20):
        return "\n".join(read_bytes(self.log_file).decode(errors="replace").splitlines()[-lines:])

    def drain(self):
        """SIGTERM; returns the report on stdout."""
        self.process.send_signal(signal.SIGTERM)
        try:
            report, _ = self.process.communicate(timeout=DRAIN_S)
        except subprocess.TimeoutExpired:
            raise FabricError(f"fabricd did not drain within {DRAIN_S} s") from None
        if self.process.returncode != 0:
            raise FabricError(f"fabricd ended with exit code {self.process.returncode}:\n{self.log_tail()}")
        return report.strip()

    def stop_at_once(self):
        """Two SIGTERMs hand the jobs back; what is left after some seconds is killed. Safe to call at any time."""
        if self.process and self.process.poll() is None:
            for _ in range(2):
                self.process.send_signal(signal.SIGTERM)
                time.sleep(0.2)  # two equal signals at once would be one
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=5)
        return self.kill_leftovers()

    # -- its processes ------------------------------------------------------------------------------------------------

    def processes(self):
        """Pids of all that belongs to this fabric: programs that name its data, jobs whose environment does."""
        mark, found = os.fsencode(self.data), []
        for entry in os.listdir("/proc"):
            if entry.isdigit() and int(entry) != os.getpid() and is_alive(entry):
                words = read_bytes(f"/proc/{entry}/cmdline").split(b"\0")
                if mark in words or any(w.startswith(mark + b"/") for w in words) or (
                        b"=" + mark + b"/" in read_bytes(f"/proc/{entry}/environ")):
                    found.append(int(entry))
        return found

    def kill_leftovers(self, patience_s=5):
        """Waits for the processes to end, kills those that do not; returns how many had to be killed."""
        end = time.monotonic() + patience_s
        while self.processes() and time.monotonic() < end:
            time.sleep(POLL_S)
        left = self.processes()
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process:
            self.process.wait()
            self.process.stdout.close()
        return len(left)

    # -- asking it ----------------------------------------------------------------------------------------------------

    def fabric(self, *words):
        """Runs `fabric --json WORDS`; returns its JSON lines."""
        argv = [str(BIN / "fabric"), "--node", self.address, "--tls", str(self.tls), "--json", *map(str, words)]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ANSWER_S,
                              check=False, start_new_session=True)
        if done.returncode != 0:
            raise FabricError(f"{shlex.join(argv)}: exit code {done.returncode}: {done.stderr.strip() or done.stdout}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def submit_file(self, path):
        """Submits a job per line; returns their ids in the order of the lines."""
        answers = sorted(self.fabric("submit", "--file", path), key=lambda a: a["line"])
        return [a["id"] for a in answers]

    def lanes(self):
        return self.fabric("lanes")[0]["lanes"]

    def sql(self, query):
        """What an operator reads with sqlite3 -readonly."""
        uri = f"file:{self.data / 'store.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
            return db.execute(query).fetchall()


class LocalWorker(LocalFabric):
    """A node that runs jobs for the cell of another one, over loopback; its command line asks the latter."""

    ready_mark = " ready in the cell"

    def __init__(self, directory, config, settings, scheduler):
        super().__init__(directory, config, settings)
        del self.settings["/node/listen"]
        self.settings["/node/join"] = [scheduler.address]
        self.port, self.tls, self._scheduler = scheduler.port, scheduler.tls, scheduler

    def start(self):
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self.data / "tls").exists():
            subprocess.run([str(BIN / "fabric"), "ca", "issue", self.settings["/node/name"], "--data",
                            str(self._scheduler.data), "--out", str(self.data / "tls")], check=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=ANSWER_S)
        return super().start()

    def await_slots(self):
        """Whoever has started all workers asks the scheduler."""


def ended(lanes):
    """Jobs of all lanes that are finished."""
    return sum(lane["counts"][state] for lane in lanes for state in ("succeeded", "buried", "cancelled"))
