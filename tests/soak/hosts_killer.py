"""Does bad things to the hosts of a cell, by a seed, and brings back what it must; see killer.py for one node."""

import os
import random
import signal
import subprocess
import time

from hosts import Flapping
from profiles import in_range, weighted

READY_S = 30


class HostsKiller:
    """Its faults are named as in profiles.py. `resumed` are (host, microseconds of the wall clock) at which a suspended
    host ran again, `deaths` the exits of fabricd that it did not cause. Only the cell's own thread may use it."""

    def __init__(self, scheduler, workers, proxies, profile, seed):
        """`workers` and `proxies` by host name: the nodes, and the bad links through which they dial."""
        self._scheduler, self._workers, self._proxies = scheduler, workers, proxies
        self._profile, self._draw = profile, random.Random(f"{seed}/hosts")
        self.counts, self.kills, self.deaths, self.resumed, self.thaws = {}, 0, [], [], []

    def strike(self):
        """One fault, after a pause; the cell is whole again when this returns, but for what it has to notice itself."""
        time.sleep(in_range(self._draw, self._profile["pause_s"]))
        name = weighted(self._draw, self._profile["faults"])
        self.look_for_deaths()
        self.counts[name] = self.counts.get(name, 0) + 1
        getattr(self, "_" + name)()
        return name

    def look_for_deaths(self):
        """A fabricd that ended by itself is a finding, but the soak goes on."""
        for node in (self._scheduler, *self._workers.values()):
            code = node.process.poll()
            if code is not None:
                self.deaths.append({"node": node.host.name, "code": code, "wall_us": time.time_ns() // 1000})
                start(node)

    # -- processes ----------------------------------------------------------------------------------------------------

    def _kill_worker(self):
        self._kill(self._worker())

    def _kill_worker_with_runner(self):
        node = self._worker()
        node.kill_with_runner()
        self._back(node)

    def _kill_runner(self):
        for pid in self._worker().helpers("fabric-runner"):
            os.kill(pid, signal.SIGKILL)
        self.kills += 1

    def _kill_scheduler(self):
        self._kill(self._scheduler)

    def _kill_all(self):
        """Every fabricd, in a random order, and back in another."""
        nodes = [self._scheduler, *self._workers.values()]
        self._draw.shuffle(nodes)
        for node in nodes:
            os.kill(node.pid, signal.SIGKILL)
        self._draw.shuffle(nodes)
        self.kills += len(nodes)
        for node in nodes:
            node.process.wait()
            time.sleep(in_range(self._draw, self._profile["down_s"]))
            launch(node)
        for node in nodes:
            node.until_ready()  # A worker is when the scheduler is.

    def _power_off_worker(self):
        self._power_off(self._worker())

    def _power_off_scheduler(self):
        self._power_off(self._scheduler)

    def _detach_worker(self):
        self._leave(self._worker(), signal.SIGUSR2)

    def _drain_worker(self):
        self._leave(self._worker(), signal.SIGTERM)

    def _suspend_worker(self):
        host = self._worker().host
        host.suspend()
        time.sleep(in_range(self._draw, self._profile["suspend_s"]))
        self.resumed.append((host.name, time.time_ns() // 1000))  # Before: what is on it may be seen alive at once.
        host.resume()

    def _freeze_worker(self):
        node = self._worker()
        node.signal(signal.SIGSTOP)
        time.sleep(in_range(self._draw, self._profile["suspend_s"]))
        node.signal(signal.SIGCONT)

    # -- links --------------------------------------------------------------------------------------------------------

    def _partition(self):
        host = self._worker().host
        host.link_down()
        time.sleep(in_range(self._draw, self._profile["partition_s"]))
        host.link_up()

    def _lose_one_way(self):
        pair = [self._worker().host, self._scheduler.host]
        self._draw.shuffle(pair)
        pair[0].lose_to(pair[1])
        time.sleep(in_range(self._draw, self._profile["partition_s"]))
        pair[0].find_again(pair[1])

    def _flap(self):
        flapping = Flapping(self._worker().host, 2.0, 1.0)
        flapping.start()
        time.sleep(in_range(self._draw, self._profile["partition_s"]))
        flapping.stop()

    def _bad_link(self):
        """Through the proxy: late and slow for a while."""
        proxy = self._draw.choice(list(self._proxies.values()))
        proxy.both(delay_s=0.2, jitter_s=0.1, bytes_per_s=64_000)
        time.sleep(in_range(self._draw, self._profile["partition_s"]))
        proxy.heal()

    def _broken_stream(self):
        """Through the proxy: reset, or cut in the middle of a frame."""
        proxy = self._draw.choice(list(self._proxies.values()))
        direction = self._draw.choice([proxy.up, proxy.down])
        direction.set(**{self._draw.choice(["reset_after", "truncate_after"]): self._draw.randint(0, 3000)})
        time.sleep(in_range(self._draw, self._profile["pause_s"]))
        proxy.heal()

    # -- means --------------------------------------------------------------------------------------------------------

    def _worker(self):
        return self._workers[self._draw.choice(sorted(self._workers))]

    def _kill(self, node):
        node.kill()
        self._back(node)

    def _power_off(self, node):
        node.power_off()
        time.sleep(in_range(self._draw, self._profile["down_s"]))
        node.host.boot()
        self.kills += 1
        start(node)

    def _leave(self, node, number):
        """fabricd is asked to go; how it goes is checked."""
        node.signal(number)
        try:
            code = node.process.wait(timeout=READY_S)
        except subprocess.TimeoutExpired:
            code = f"none within {READY_S} s of {number!r}"
            node.kill()
        if code != 0:
            self.deaths.append({"node": node.host.name, "code": code, "wall_us": time.time_ns() // 1000})
        self._back(node, killed=False)

    def _back(self, node, killed=True):
        self.kills += killed
        time.sleep(in_range(self._draw, self._profile["down_s"]))
        start(node)


def launch(node):
    if node.process and node.process.stdout and not node.process.stdout.closed:
        node.process.stdout.close()
    node.launch()


def start(node):
    launch(node)
    node.until_ready()
