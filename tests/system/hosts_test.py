"""The hosts of the tests are hosts: what one host does not see of the other, and what is gone when a host is gone."""

import os
import signal
import socket
import subprocess
import sys
import unittest

import netns
from harness import DEADLINE_S, alive, eventually
from hosts import PORT, Cell, Flapping, HostTest, state

# Dies with a killed cell of one host, after telling the names of what it leaves behind.
CRASHING = """
import os, signal, sys
from hosts import PORT, Cell
cell = Cell(("w1",))
sleeper = cell["w1"].popen(["sleep", "1000"])
print(cell.prefix, sleeper.pid, cell["w1"].directory.parent, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def connect(source, target, port):
    with source.on_the_network():
        return socket.create_connection((target.address, port), timeout=DEADLINE_S)


def listen(host, port):
    with host.on_the_network():
        return socket.create_server((host.address, port))


class Hosts(HostTest):
    def setUp(self):
        self.c = self.cell("scheduler", "w1", "client")

    def pair(self, a, b):
        """A connection from a to b."""
        with listen(b, 9) as door:
            near = connect(a, b, 9)
            far, _ = door.accept()
        self.addCleanup(near.close)
        self.addCleanup(far.close)
        far.settimeout(DEADLINE_S)
        return near, far

    def test_each_host_has_its_own_name_boot_id_clock_processes_and_ports(self):
        a, b = self.c["scheduler"], self.c["w1"]
        self.assertEqual(a.run("hostname").stdout, "scheduler\n")
        ids = {h.run("cat", "/proc/sys/kernel/random/boot_id").stdout.strip() for h in self.c}
        self.assertEqual(ids, {h.boot_id for h in self.c})
        self.assertEqual(len(ids), 3)
        for host in self.c:
            self.assertLess(float(host.run("cat", "/proc/uptime").stdout.split()[0]), 300)
        with b.popen(["sleep", "1000"]) as sleeper:
            eventually(lambda: len(b.processes()) == 1, "one process on w1")
            self.assertEqual(a.processes(), [])
            self.assertNotIn("sleep", a.run("ps", "ax").stdout)
            self.assertIn("sleep", b.run("ps", "ax").stdout)
            sleeper.kill()
            os.kill(b.processes()[0], signal.SIGKILL)
        with listen(a, 9), listen(b, 9):
            pass
        near, far = self.pair(b, a)
        near.sendall(b"hello")
        self.assertEqual(far.recv(10), b"hello")

    def test_a_link_that_is_down_carries_nothing_and_what_was_sent_comes_when_it_is_up(self):
        near, far = self.pair(self.c["w1"], self.c["scheduler"])
        self.c["w1"].link_down()
        near.sendall(b"late")
        far.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            far.recv(10)
        self.c["w1"].link_up()
        far.settimeout(DEADLINE_S)
        self.assertEqual(far.recv(10), b"late")

    def test_one_way_loss_takes_one_way_only(self):
        a, b = self.c["w1"], self.c["scheduler"]
        near, far = self.pair(a, b)
        a.lose_to(b)
        far.sendall(b"arrives")  # Its acknowledgement does not: it is sent again and again, and read once.
        near.settimeout(DEADLINE_S)
        self.assertEqual(near.recv(10), b"arrives")
        near.sendall(b"vanishes")
        far.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            far.recv(10)
        a.find_again(b)
        far.settimeout(DEADLINE_S)
        self.assertEqual(far.recv(10), b"vanishes")

    def test_a_flapping_link_is_up_at_the_end(self):
        near, far = self.pair(self.c["w1"], self.c["scheduler"])
        flapping = Flapping(self.c["w1"], 0.1, 0.05)
        flapping.start()
        eventually(lambda: flapping.flaps >= 3, "three flaps")
        flapping.stop()
        near.sendall(b"x")
        self.assertEqual(far.recv(1), b"x")

    def test_a_slow_link_is_slow_both_ways(self):
        a, b = self.c["w1"], self.c["scheduler"]
        a.slow_down("1mbit")
        for source, target in ((a, b), (b, a)):
            near, far = self.pair(source, target)
            received, began = 0, os.times().elapsed
            near.settimeout(DEADLINE_S)
            near.sendall(bytes(100_000))
            while received < 100_000:
                received += len(far.recv(65536))
            # 0.8 s at 1 Mbit/s, less the burst of 16 kB.
            self.assertGreater(os.times().elapsed - began, 0.5)
        a.speed_up()

    def test_a_fault_proxy_stands_on_one_host_and_dials_the_other(self):
        w1, scheduler = self.c["w1"], self.c["scheduler"]
        with listen(scheduler, PORT) as door:
            proxy = self.proxy(w1, scheduler)
            with w1.on_the_network(), socket.create_connection((proxy.host, proxy.port), timeout=DEADLINE_S) as near:
                far, peer = door.accept()
                with far:
                    self.assertEqual(peer[0], w1.address)
                    near.sendall(b"through")
                    self.assertEqual(far.recv(10), b"through")
        with scheduler.on_the_network(), self.assertRaises(ConnectionRefusedError):
            socket.create_connection((proxy.host, proxy.port))

    def test_a_host_without_power_says_nothing_and_boots_as_another(self):
        w1, scheduler = self.c["w1"], self.c["scheduler"]
        near, far = self.pair(scheduler, w1)
        sleeper = w1.popen(["sleep", "1000"])
        self.addCleanup(sleeper.kill)
        pids = eventually(w1.processes, "one process on w1")
        far.detach()  # Its end dies with the host's network, not with this process.
        w1.power_off()
        self.assertEqual(sleeper.wait(timeout=DEADLINE_S), -signal.SIGKILL)
        self.assertFalse([p for p in pids if alive(p)])
        near.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            near.recv(1)
        before = w1.boot_id
        w1.boot()
        self.assertNotEqual(w1.run("cat", "/proc/sys/kernel/random/boot_id").stdout.strip(), before)
        again, there = self.pair(scheduler, w1)
        again.sendall(b"x")
        self.assertEqual(there.recv(1), b"x")

    def test_a_suspended_host_goes_on_where_it_was(self):
        w1 = self.c["w1"]
        counter = w1.popen(["sh", "-c", "while echo $$; do :; done"], stdout=subprocess.PIPE)
        self.addCleanup(counter.wait)
        self.addCleanup(counter.stdout.close)
        self.addCleanup(w1.power_off)
        counter.stdout.read(3)
        w1.suspend()
        self.assertTrue(w1.processes())
        self.assertEqual({state(pid) for pid in w1.processes()}, {"T"})
        w1.resume()
        self.assertEqual(len(counter.stdout.read(200_000)), 200_000)  # More than the pipe held.


class Cleaning(HostTest):
    def test_nothing_is_left_of_a_closed_cell(self):
        cell = Cell(("w1", "w2"))
        sleeper = cell["w1"].popen(["sleep", "1000"])
        eventually(cell["w1"].processes, "one process on w1")
        cell["w1"].suspend()
        cell.close()
        cell.close()
        self.assertEqual(sleeper.wait(timeout=DEADLINE_S), -signal.SIGKILL)
        self.assertFalse([n for n in netns.names() if n.startswith(cell.prefix)])
        self.assertFalse(cell.directory.exists())

    def test_a_killed_test_leaves_no_process_and_the_next_one_sweeps_its_names(self):
        crashed = subprocess.run([sys.executable, "-B", "-c", CRASHING], stdout=subprocess.PIPE, text=True, check=False,
                                 timeout=DEADLINE_S, cwd=os.path.dirname(os.path.abspath(__file__)))
        self.assertEqual(crashed.returncode, -signal.SIGKILL)
        prefix, sleeper, directory = crashed.stdout.split()
        self.addCleanup(lambda: subprocess.run(["rm", "-r", directory], check=True))
        eventually(lambda: not alive(int(sleeper)), "the process on the host is gone")
        self.assertTrue([n for n in netns.names() if n.startswith(prefix)])
        self.cell("w1")
        self.assertFalse([n for n in netns.names() if n.startswith(prefix)])

    def test_where_no_namespace_can_be_made_the_tests_are_skipped_loudly(self):
        done = subprocess.run(["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all",
                               sys.executable, "-B", "-m", "unittest", "-v", "hosts_test.Hosts"],
                              capture_output=True, text=True, check=False, timeout=DEADLINE_S,
                              cwd=os.path.dirname(os.path.abspath(__file__)))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("SKIPPED, NOT TESTED: no hosts of network namespaces here: ip netns add", done.stderr)
        self.assertIn("skipped=1", done.stderr)


if __name__ == "__main__":
    unittest.main()
