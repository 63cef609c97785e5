"""Does bad things to a fabric's processes, by a seed, and brings back what it must."""

import contextlib
import os
import random
import signal
import subprocess
import threading
import time

from freezer import Freezer
from harness import parent, read_bytes
from profiles import in_range, weighted

START_S = 30  # From the start of fabricd until it says that it is ready.
LEAK_S = 40   # From a job's start until it is leased again although a process of it lives: 10 s, the lease, and work.
LEAVE_S = 20  # From the signal to its exit; a drain takes 5 s if jobs do.


class Killer:
    """Its faults are named as in profiles.py. `kills` counts those that killed something (a freeze does not), `thaws`
    are the instants at which a suspended node ran again, `deaths` the exits of fabricd that it did not cause."""

    def __init__(self, node, profile, seed):
        self._node, self._profile = node, profile
        self._draw = random.Random(f"{seed}/killer")
        self.counts = {}
        self.kills = 0
        self.deaths = []
        self.thaws = []

    def strike(self):
        """One fault, after a pause; the fabric is whole again when this returns."""
        time.sleep(in_range(self._draw, self._profile["pause_s"]))
        name = weighted(self._draw, self._profile["faults"])
        self.look_for_deaths()
        self.counts[name] = self.counts.get(name, 0) + 1
        getattr(self, "_" + name)()
        return name

    def look_for_deaths(self):
        """A fabricd that ended by itself is a finding, but the soak goes on."""
        code = self._node.process.poll()
        if code is None:
            return
        self._note_death(code)
        self._start()

    # -- faults -------------------------------------------------------------------------------------------------------

    def _kill_fabricd(self):
        self._kill([self._fabricd()])
        self._bring_back()

    def _kill_runner(self):
        self._kill(self._runners())

    def _kill_keeper(self):
        keepers = self._node.keepers()
        self._kill(self._draw.sample(keepers, min(len(keepers), self._draw.randint(1, 2))))

    def _kill_all(self):
        self._kill([self._fabricd(), *self._runners(), *self._node.keepers()])
        self._bring_back()

    def _kill_runner_and_keepers(self):
        self._kill([*self._runners(), *self._node.keepers()])

    def _kill_fabricd_and_runner(self):
        self._kill([self._fabricd(), *self._runners()])
        self._bring_back()

    def _kill_host(self):
        """All of it and the jobs, as when a machine loses power; but the disk keeps what was written."""
        self._kill([self._fabricd(), *self._runners(), *self._node.keepers(), *self._node.job_processes()])
        self._bring_back()

    def _kill_starting(self):
        """fabricd dies, and again while it starts."""
        self._kill([self._fabricd()])
        self._node.process.stdout.close()
        self._node.launch()
        time.sleep(self._draw.uniform(0.0, 0.3))
        self._kill([self._fabricd()])
        self._bring_back()

    def _kill_job(self):
        """As the kernel does when memory is short: one process of a job, not of the fabric."""
        jobs = self._node.job_processes()
        send(self._draw.sample(jobs, min(len(jobs), 1)), signal.SIGKILL)

    def _detach(self):
        self._leave(signal.SIGUSR2)

    def _drain(self):
        self._leave(signal.SIGTERM)

    def _freeze_fabricd(self):
        self._freeze([self._fabricd()], in_range(self._draw, self._profile["freeze_s"]))

    def _freeze_runner(self):
        self._freeze(self._runners(), in_range(self._draw, self._profile["freeze_s"]))

    def _suspend_node(self):
        """Everything stops, the jobs too, as when a host is suspended. Keepers wake first: they end what has lost its
        lease meanwhile."""
        pids = [*self._node.keepers(), *self._node.job_processes(), *self._runners(), self._fabricd()]
        send(pids, signal.SIGSTOP)
        time.sleep(in_range(self._draw, self._profile["freeze_s"]))
        send(pids, signal.SIGCONT)
        self.thaws.append(time.time_ns() // 1000)

    def _freeze_keeper(self):
        """The runner ends it with its lease, and its jobs with it."""
        keepers = self._node.keepers()
        self._freeze(self._draw.sample(keepers, min(len(keepers), 1)), in_range(self._draw, self._profile["freeze_s"]))

    def _leak(self):
        """A child of a job withstands SIGKILL, as one that hangs in a system call, while the job ends, loses its lease
        and is leased again. Then the child dies, and the keeper reports what became of the old attempt."""
        end = time.monotonic() + LEAK_S
        child = None
        while child is None and time.monotonic() < end:
            jobs = set(self._node.job_processes())
            child = next((p for p in jobs if parent(p) in jobs), None)
        if child is None:
            return
        job = dict(entry.split(b"=", 1) for entry in read_bytes(f"/proc/{child}/environ").split(b"\0") if entry)
        job, attempt = int(job[b"FABRIC_JOB_ID"]), int(job[b"FABRIC_ATTEMPT"])
        ice = Freezer()
        try:
            ice.freeze(child)
            while time.monotonic() < end and not self._runs_again(job, attempt):
                time.sleep(0.02)
        finally:
            ice.thaw()
        self.kills += 1

    def _runs_again(self, job, attempt):
        shown = self._node.fabric("show", job)
        return shown.code == 0 and shown.lines[0]["attempt"] > attempt and shown.lines[0]["state"] == "running"

    # -- means --------------------------------------------------------------------------------------------------------

    def _fabricd(self):
        return self._node.process.pid

    def _runners(self):
        return self._node.helpers("fabric-runner")

    def _kill(self, pids):
        """kill -9 in a random order, as fast as it goes."""
        self._draw.shuffle(pids)
        send(pids, signal.SIGKILL)
        self.kills += bool(pids)
        if self._fabricd() in pids:
            self._node.process.wait()

    def _freeze(self, pids, seconds):
        self._draw.shuffle(pids)
        send(pids, signal.SIGSTOP)
        time.sleep(seconds)
        self._draw.shuffle(pids)
        send(pids, signal.SIGCONT)

    def _leave(self, number):
        """fabricd is asked to go; how it goes is checked."""
        self._node.signal(number)
        try:
            code = self._node.process.wait(timeout=LEAVE_S)
        except subprocess.TimeoutExpired:
            code = f"none within {LEAVE_S} s of {number!r}"
            self._node.process.kill()
            self._node.process.wait()
        if code != 0:
            self._note_death(code)
        self._bring_back()

    def _note_death(self, code):
        self.deaths.append({"code": code, "wall_us": time.time_ns() // 1000})

    def _bring_back(self):
        time.sleep(in_range(self._draw, self._profile["down_s"]))
        self._start()

    def _start(self):
        if self._node.process and self._node.process.stdout:
            self._node.process.stdout.close()
        self._node.launch()
        late = threading.Timer(START_S, self._node.process.kill)
        late.start()
        ready = self._node.process.stdout.readline()
        late.cancel()
        if " ready on " not in ready:
            raise RuntimeError(f"fabricd does not start again: {ready!r}, exit code {self._node.process.wait()}")


def send(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
