"""What a cell makes of strangers at its port, of hosts with one name, of a worker that comes and goes, and of a
scheduler without disk or descriptors."""

import contextlib
import os
import random
import resource
import shutil
import socket
import struct
import unittest

from host_cluster import HostClusterTest
from harness import DEADLINE_S, alive, eventually, read_bytes

# A frame of CAF's protocol: operation, flags, payload length, operation data, source and destination actor.
BASP = struct.Struct(">BBHIQQQ")
LARGE = 0xFFFFFFFF


def frames(draw):
    """What a stranger may send: noise, and frames that CAF would take from a peer."""
    for size in (1, 36, 1000, 70_000):
        yield draw.randbytes(size)
    for operation in range(8):
        for length in (0, 512 << 20, LARGE):
            for target in (0, 1, 2, 7):
                yield BASP.pack(operation, 0, 0, length, 4, target, target) + draw.randbytes(64)
    yield b"GET / HTTP/1.1\r\n\r\n"
    yield b"\x16\x03\x01\x40\x00\x01" + draw.randbytes(16_000)  # Begins as TLS does.


def memory(pid):
    return int(next(line for line in read_bytes(f"/proc/{pid}/status").decode().splitlines()
                    if line.startswith("VmRSS")).split()[1]) << 10


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Strangers(HostClusterTest):
    def test_noise_and_forged_frames_change_nothing(self):
        c = self.cluster(workers=("w1",))
        job = c.client.run(c.gate("a"))
        name, pids = c.started(job)
        before, daemon = memory(c.scheduler.pid), c.scheduler.pid
        for frame in frames(random.Random(1)):
            with c.cell["client"].on_the_network(), \
                    socket.create_connection((c.cell["scheduler"].address, 7600), timeout=DEADLINE_S) as peer:
                with contextlib.suppress(OSError):
                    peer.sendall(frame)
                    peer.shutdown(socket.SHUT_WR)
                    while peer.recv(65536):
                        pass
        self.assertEqual(c.scheduler.pid, daemon)
        self.assertLess(memory(daemon) - before, 32 << 20)
        self.assertIn(pids[0], c.workers[name].job_processes(job))
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])

    def test_two_hundred_silent_connections_keep_nobody_out(self):
        c = self.cluster(workers=("w1",))
        before = memory(c.scheduler.pid)
        peers = []
        self.addCleanup(lambda: [p.close() for p in peers])
        with c.cell["client"].on_the_network():
            for _ in range(200):
                peers.append(socket.create_connection((c.cell["scheduler"].address, 7600), timeout=DEADLINE_S))
        job = c.client.run("true")
        self.assertEqual(c.client.until(job, "succeeded")["attempt"], 1)
        self.assertLess(memory(c.scheduler.pid) - before, 128 << 20)


class Names(HostClusterTest):
    def test_a_second_worker_with_a_living_ones_name_is_refused_and_says_why(self):
        c = self.cluster(workers=("w1", "w2"))
        job = c.client.run(c.gate("a"), "--lane", "slow")
        c.started(job)
        second = c.workers["w2"]
        second.drain()
        second.config["node"]["name"] = "w1"
        shutil.rmtree(second.data / "tls")
        c.scheduler.admit(second)
        second.launch()
        eventually(lambda: "w1" in second.log() and "name" in second.log(), f"it says why: {second.log()}")
        self.assertTrue(c.known()["w1"]["workers"])
        second.kill()
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])

    def test_the_name_of_a_host_that_was_booted_again_is_its_own(self):
        c = self.cluster(workers=("w1",))
        for _ in range(2):
            c.workers["w1"].power_off()
            c.cell["w1"].boot()
            c.workers["w1"].start()
            c.until_joined("w1", seconds=60)
            job = c.client.run("true")
            c.client.until(job, "succeeded")


class Coming(HostClusterTest):
    def test_a_hundred_joins_leave_nothing_behind(self):
        c = self.cluster(workers=("w1",), proxied=("w1",))
        daemon, worker = c.scheduler.pid, c.workers["w1"].pid

        def rejoin():
            before = c.proxies["w1"].connections
            c.proxies["w1"].reset_all()
            eventually(lambda: c.proxies["w1"].connections > before, "it dials again", 60)
            c.until_joined("w1")
        for _ in range(10):  # What is made once, and kept.
            rejoin()
        before = [(memory(p), descriptors(p)) for p in (daemon, worker)]
        for _ in range(90):
            rejoin()
        for (rss, fds), pid in zip(before, (daemon, worker)):
            self.assertLess(memory(pid) - rss, 8 << 20)
            self.assertLessEqual(descriptors(pid), fds + 4)
        job = c.client.run("true")
        c.client.until(job, "succeeded")


class Short(HostClusterTest):
    def test_a_scheduler_without_descriptors_keeps_its_workers(self):
        c = self.cluster(workers=("w1",))
        job = c.client.run(c.gate("a"))
        _, pids = c.started(job)
        pid = c.scheduler.pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (descriptors(pid) + 8, hard))
        peers = []
        self.addCleanup(lambda: [p.close() for p in peers])
        with c.cell["client"].on_the_network():
            for _ in range(40):
                with contextlib.suppress(OSError):
                    peers.append(socket.create_connection((c.cell["scheduler"].address, 7600), timeout=1))
        self.assertTrue(alive(pids[0]))
        self.assertEqual(c.scheduler.pid, pid)
        while peers:
            peers.pop().close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])

    def test_a_scheduler_whose_disk_is_full_takes_ends_and_refuses_jobs(self):
        c = self.cluster(workers=("w1",), start=False,
                         config={"store": {"disk_low": "16MiB", "reserve": "1MiB"}})
        data, copy = c.scheduler.data, c.scheduler.directory / "copy"
        c.scheduler.start().drain()  # For the cell's authority, which clients and workers see as it is under the mount.
        for words in (("cp", "-a", data, copy), ("mount", "-t", "tmpfs", "-o", "size=64M,mode=700", "tmpfs", data),
                      ("cp", "-a", f"{copy}/.", data)):
            done = c.scheduler.host.run(*words)
            self.assertEqual(done.returncode, 0, done.stderr)
        c.start()
        job = c.client.run(c.gate("a"))
        c.started(job)
        c.scheduler.host.run("dd", "if=/dev/zero", f"of={data}/full", "bs=1M")  # Until there is no more room.
        self.assert_refused(c.client.fabric("submit", "sh", "--input", '{"run": "true"}'), "disk_full")
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])
        c.scheduler.host.run("rm", f"{data}/full")
        after = eventually(lambda: c.client.fabric("submit", "sh", "--input", '{"run": "true"}').lines[0].get("id"),
                           "jobs are taken again")
        self.assertEqual(c.client.until(after, "succeeded")["attempt"], 1)


if __name__ == "__main__":
    unittest.main()
