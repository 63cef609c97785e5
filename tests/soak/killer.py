"""Does bad things to a fabric's processes, by a seed, and brings back what it must."""

import contextlib
import os
import random
import signal
import time
import threading

from profiles import LEASE_S, SLACK_S, in_range, weighted

START_S = 30  # From the start of fabricd until it says that it is ready.


class Killer:
    """Its faults are named as in profiles.py. `kills` counts those that killed something (a freeze does not);
    `deaths` are the exits of fabricd that it did not cause."""

    def __init__(self, node, profile, seed):
        self._node, self._profile = node, profile
        self._draw = random.Random(f"{seed}/killer")
        self.counts = {}
        self.kills = 0
        self.deaths = []

    def strike(self):
        """One fault, after a pause; the fabric is whole again when this returns."""
        time.sleep(self._draw.uniform(*self._profile["pause_s"]))
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
        self.deaths.append({"code": code, "wall_us": time.time_ns() // 1000})
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

    def _freeze_fabricd(self):
        self._freeze([self._fabricd()], in_range(self._draw, self._profile["freeze_s"]))

    def _freeze_runner(self):
        self._freeze(self._runners(), in_range(self._draw, self._profile["freeze_s"]))

    def _suspend_node(self):
        """Everything stops, the jobs too, as when a host is suspended."""
        pids = [self._fabricd(), *self._runners(), *self._node.keepers(), *self._node.job_processes()]
        self._freeze(pids, in_range(self._draw, self._profile["freeze_s"]))

    def _outlive_lease(self):
        """Runner and keepers freeze, fabricd dies, the jobs go on and end; the leases end too. Then the runner is back
        first, so that the jobs are leased again, and the keepers report what has become of the old attempts."""
        runners, keepers = self._runners(), self._node.keepers()
        send(runners + keepers, signal.SIGSTOP)
        self._kill([self._fabricd()])
        self._bring_back()
        time.sleep(LEASE_S + SLACK_S + self._draw.uniform(0.5, 1.0))
        send(runners, signal.SIGCONT)
        time.sleep(self._draw.uniform(0.05, 0.5))
        send(keepers, signal.SIGCONT)

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
