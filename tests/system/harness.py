"""What the system tests share: a fabricd with a data directory of its own, its command line, and its processes.

The programs come from FABRIC_BIN, else from build/release/bin. Nothing here sleeps blindly: every wait asks for a
condition until it holds or a deadline passes.
"""

import collections
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("FABRIC_BIN") or ROOT / "build/release/bin").resolve()
SAILOR = str(BIN / "fabric-sailor")

# Far longer than anything takes on an idle machine; only a failing test waits for it.
DEADLINE_S = 20.0
POLL_S = 0.02

# One answer of the command line: its exit code, the JSON lines of stdout, the text of both streams.
Answer = collections.namedtuple("Answer", "code lines out err")


def eventually(condition, what, seconds=DEADLINE_S):
    """Returns the first true value of `condition`; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(POLL_S)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def merged(base, over):
    """Returns `base` with the keys of `over`, objects merged, everything else replaced."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return {k: merged(base.get(k), v) if k in over else base[k] for k, v in {**base, **over}.items()}


def shell_class(**options):
    """A class whose input {"run": "..."} is a shell script; retries at once."""
    return {"command": ["/bin/sh", "-c", "{input.run}"], "backoff": {"base": "1ms", "jitter": 0}, **options}


def base_config():
    return {
        "node": {"name": "n1", "allow_root": True, "memory_low": "1MiB"},
        "store": {"disk_low": "1MiB", "reserve": "64KiB"},
        "lanes": [{"name": "fast", "slots": 2, "grace": "300ms"}, {"name": "slow", "slots": 1, "grace": "300ms"}],
        "classes": {"sh": shell_class()},
    }


def read_bytes(path):
    with contextlib.suppress(OSError):
        return pathlib.Path(path).read_bytes()
    return b""


def processes(mark, where="cmdline"):
    """The pids, in order, in whose command line (or environ) `mark` stands; no zombies."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid() and mark.encode() in read_bytes(f"/proc/{entry}/{where}"):
            found.append(int(entry))
    return sorted(found)


def alive(pid):
    """Whether the process runs; a zombie does not."""
    stat = read_bytes(f"/proc/{pid}/stat")
    return bool(stat) and stat.rsplit(b")", 1)[1].split()[0] not in (b"Z", b"X")


def parent(pid):
    """The pid of a process's parent; 0 if it is gone."""
    stat = read_bytes(f"/proc/{pid}/stat")
    return int(stat.rsplit(b")", 1)[1].split()[1]) if stat else 0


def start_ticks(pid):
    """When the process started; with the pid it names one process of this boot."""
    return int(read_bytes(f"/proc/{pid}/stat").rsplit(b")", 1)[1].split()[19])


def command_name(pid):
    return read_bytes(f"/proc/{pid}/comm").decode().strip()


class Node:
    """One fabricd, its data directory and its config; it may be started again and again."""

    def __init__(self, directory, config=None, base=None):
        self.directory = pathlib.Path(directory)
        self.data = self.directory / "data"
        self.tls = self.directory / "tls"  # A link: who names the data directory is taken for a process of the node.
        self.config_file = self.directory / "config.json"
        self.log_file = self.directory / "fabricd.log"
        self.port = free_port()
        self.config = merged(base_config() if base is None else base, config or {})
        self.process = None
        self.ready_line = ""

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def spool(self):
        return self.data / "spool"

    def log(self):
        return read_bytes(self.log_file).decode(errors="replace")

    def admit(self, node):
        """Brings the certificate and key to another node with which it may join this one; once."""
        place = node.data / "tls"
        if not place.exists():
            node.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.good("ca", "issue", node.config["node"]["name"], "--data", self.data, "--out", place)

    # -- the daemon ---------------------------------------------------------------------------------------------------

    def command(self, *options):
        config = merged(self.config, {"node": {"listen": self.config["node"].get("listen", self.address)}})
        self.config_file.write_text(json.dumps(config))
        with contextlib.suppress(FileExistsError):
            self.tls.symlink_to(self.data / "tls/client")
        return [str(BIN / "fabricd"), "--config", str(self.config_file), "--data", str(self.data), *options]

    def launch(self, *options, prefix=(), env=None):
        """Starts the process without waiting for it to be ready."""
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [*prefix, *self.command(*options)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                env=env, text=True, cwd=self.directory)
        return self

    def start(self, *options):
        self.launch(*options)
        self.ready_line = self.first_line()
        if " ready on " not in self.ready_line:
            raise AssertionError(f"fabricd is not ready: {self.ready_line!r}\n{self.log()}")
        return self

    def first_line(self):
        """The first line on stdout; empty if the process ends, or says nothing in time."""
        reader = threading.Thread(target=lambda: lines.append(self.process.stdout.readline()), daemon=True)
        lines = []
        reader.start()
        reader.join(DEADLINE_S)
        return lines[0] if lines else ""

    def refuses_to_start(self, *options, prefix=()):
        """Starts a fabricd that must give up; returns its exit code and what it said on stderr."""
        done = subprocess.run([*prefix, *self.command(*options)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=DEADLINE_S, check=False, cwd=self.directory)
        return done.returncode, done.stderr

    def end(self):
        """Waits for the process; returns its exit code and the rest of stdout."""
        rest, _ = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, rest

    def signal(self, number):
        self.process.send_signal(number)

    def drain(self):
        self.signal(signal.SIGTERM)
        return self.end()

    def detach_and_start(self):
        self.signal(signal.SIGUSR2)
        code, rest = self.end()
        if code != 0:
            raise AssertionError(f"a detach ended with {code}: {rest}\n{self.log()}")
        return self.start()

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.end()

    # -- its processes ------------------------------------------------------------------------------------------------

    def helpers(self, name):
        return [p for p in processes(str(self.data / "runner.sock")) if command_name(p) == name and alive(p)]

    def runner(self):
        """The pid of the fabric-runner, once there is one."""
        return eventually(lambda: self.helpers("fabric-runner"), "a runner")[0]

    def end_in_ledger(self, job):
        """Whether the runner's ledger holds the end of an attempt of the job; see fabric/exec/ledger.hpp."""
        ended, record = 3, 4096
        ledger = read_bytes(self.data / "runner.ledger")
        heads = (struct.unpack_from("<IIQQ", ledger, at) for at in range(record, len(ledger), record))
        return any(state == ended and of == job for state, _, _, of in heads)

    def keepers(self):
        return self.helpers("fabric-keeper")

    def job_processes(self, job=None):
        """The processes of a job, or of all jobs of this node, that kept their environment."""
        found = [p for p in processes(str(self.spool) + "/", "environ") if alive(p)]
        mark = b"FABRIC_JOB_ID=%d\0" % job if job else b"FABRIC_JOB_ID="
        return [p for p in found if mark in read_bytes(f"/proc/{p}/environ")]

    def kill_everything(self):
        """kill -9 of all that belongs to this node, jobs too, until nothing is left."""
        def kill_round():
            left = [p for p in processes(str(self.data)) + self.job_processes() if alive(p)]
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not left
        eventually(kill_round, "all processes of the node are gone")
        if self.process and self.process.stdout:
            self.process.wait()
            self.process.stdout.close()

    # -- the command line ---------------------------------------------------------------------------------------------

    def argv(self, *words, as_json=True):
        return [str(BIN / "fabric"), "--node", self.address, "--tls", str(self.tls),
                *(["--json"] if as_json else []), *map(str, words)]

    def fabric(self, *words, stdin=None, as_json=True):
        """Runs `fabric` to its end."""
        done = subprocess.run(self.argv(*words, as_json=as_json), input=stdin if stdin is not None else b"",
                              capture_output=True, timeout=2 * DEADLINE_S, check=False)
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        lines = [json.loads(line) for line in out.splitlines()] if as_json and done.returncode != 2 else []
        return Answer(done.returncode, lines, out, err)

    def good(self, *words, stdin=None):
        """Runs a command that must succeed; returns its JSON lines."""
        answer = self.fabric(*words, stdin=stdin)
        if answer.code != 0:
            raise AssertionError(f"fabric {' '.join(map(str, words))}: exit {answer.code}: {answer.out}{answer.err}")
        return answer.lines

    def background(self, *words, as_json=True):
        """A `fabric` that goes on running."""
        return subprocess.Popen(self.argv(*words, as_json=as_json), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def submit(self, job_class, job_input=None, *options):
        return self.good("submit", job_class, "--input", json.dumps(job_input), *options)[0]["id"]

    def run(self, script, *options, job_class="sh"):
        """Submits a shell script; returns the job's id."""
        return self.submit(job_class, {"run": script}, *options)

    def show(self, job):
        return self.good("show", job)[0]

    def wait(self, *jobs):
        """Waits for the jobs' ends; returns the first one's details."""
        answer = self.fabric("wait", "--timeout", f"{DEADLINE_S:.0f}s", *jobs)
        if answer.code not in (0, 1):
            raise AssertionError(f"wait: exit {answer.code}: {answer.err}\n{self.log()}")
        return self.show(jobs[0])

    def until(self, job, *states):
        """Returns the job's details once it is in one of these states."""
        last = {}
        def look():
            last.update(self.show(job))
            return last["state"] in states
        try:
            eventually(look, f"job {job} is {'/'.join(states)}")
        except AssertionError as e:
            raise AssertionError(f"{e}; it is {json.dumps(last)}\n{self.log()}") from None
        return last

    def started(self, job):
        """Returns the pids of the job once it has some; the store does not say when an attempt that runs began."""
        return eventually(lambda: self.job_processes(job), f"job {job} has started; {self.fabric('show', job).out}")

    def outcomes(self, job):
        return [a["outcome"] for a in self.show(job)["attempts"]]

    def events(self, kind=None, job=None):
        found = self.good("events", "--limit", "1000")
        return [e for e in found if kind in (None, e["kind"]) and job in (None, e["job"])]

    def sql(self, query):
        """What an operator reads with sqlite3 -readonly."""
        with contextlib.closing(sqlite3.connect(f"file:{self.data / 'store.db'}?mode=ro", uri=True)) as db:
            return db.execute(query).fetchall()

    # -- scripts for jobs ---------------------------------------------------------------------------------------------

    def gate(self, name):
        """A script that runs until open_gate(name)."""
        return f"while [ ! -e {self.directory}/gate-{name} ]; do sleep 0.02; done"

    def open_gate(self, name):
        (self.directory / f"gate-{name}").touch()


class NodeTest(unittest.TestCase):
    """A test that starts nodes; each has a directory of its own, and nothing of them outlives the test."""

    maxDiff = None

    def node(self, config=None, start=True, base=None):
        directory = tempfile.mkdtemp(prefix="fabric-test-")
        node = Node(directory, config, base)
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        self.addCleanup(node.kill_everything)
        return node.start() if start else node

    def assert_refused(self, answer, code, *words):
        """The answer is a refusal (exit code 5) with this error code, whose place or message names the words."""
        self.assertEqual(answer.code, 5, answer)
        error = answer.lines[-1]["error"]
        self.assertEqual(error["code"], code, error)
        for word in words:
            self.assertIn(word, f"{error['where']}: {error['message']}")


class SharedNodeTest(NodeTest):
    """Tests of one class that share a node, `self.n`; it is started once and takes what `config` adds."""

    config = {}

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="fabric-test-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.n = Node(cls.directory, cls.config)
        cls.addClassCleanup(cls.n.kill_everything)
        cls.n.start()
