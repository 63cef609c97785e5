"""The operating system says no: a full disk, no descriptors, no processes, a program that is being written. No job is
lost, none of its attempts is used up, nobody is busy with failing, and all goes on once it can."""

import contextlib
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import unittest

from harness import BIN, NodeTest, eventually

SHORT_LEASE = {"lease": {"first": "3s", "max": "3s", "node_silence": "2s"}}  # Renewed every second.


def limit(pid, what, soft):
    """Sets the soft limit of a running process; returns the old one."""
    _, hard = resource.prlimit(pid, what)
    return resource.prlimit(pid, what, (soft, hard))[0]


def cpu_ticks(pid):
    """User and system time of a process, in clock ticks."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_bytes().rsplit(b")", 1)[1].split()
    return int(stat[11]) + int(stat[12])


class Faults(NodeTest):
    def refusals(self, n, job):
        """Attempts that were handed back before they ran."""
        return len(n.events("drained", job))

    def goes_on_after(self, n, job, lift, said):
        """Starts of the job are refused in these words; how often says whether somebody is busy with failing. Then the
        fault is lifted."""
        eventually(lambda: said in n.log(), f"the start is refused: {said}")
        # Each renewal tries again: as many as there are renewals, and not many more.
        before = self.refusals(n, job)
        pids = [n.process.pid, *n.helpers("fabric-runner"), *n.keepers()]
        ticks = sum(cpu_ticks(p) for p in pids)
        eventually(lambda: self.refusals(n, job) >= before + 3, "it is tried again")
        used = (sum(cpu_ticks(p) for p in pids if os.path.exists(f"/proc/{p}")) - ticks) / os.sysconf("SC_CLK_TCK")
        self.assertLess(used, 1.0, "seconds of CPU time for three refusals")
        lift()
        end = n.wait(job)
        self.assertEqual((end["state"], end["counts"]["failures"], end["counts"]["lost"]), ("succeeded", 0, 0), end)
        self.assertLessEqual({a["outcome"] for a in end["attempts"]}, {"drained", "succeeded"})
        return end

    def test_a_program_that_is_being_written(self):
        n = self.node(SHORT_LEASE, start=False)
        program = n.directory / "program"
        shutil.copy("/bin/true", program)
        n.config["classes"]["new"] = {"command": [str(program)], "max_attempts": 1}
        n.start()
        with open(program, "r+b") as writer:
            job = n.submit("new")
            self.goes_on_after(n, job, writer.close, "Text file busy")

    def test_a_program_that_may_not_be_executed(self):
        n = self.node(SHORT_LEASE, start=False)
        program = n.directory / "program"
        program.write_text("#!/nowhere/interpreter\n")
        program.chmod(0o755)
        n.config["classes"]["script"] = {"command": [str(program)], "max_attempts": 1}
        n.start()
        end = n.wait(n.submit("script"))
        self.assertEqual((end["state"], end["attempts"][0]["outcome"]), ("buried", "failed"))
        self.assertIn("No such file or directory", end["reason"])

    def test_a_keeper_without_descriptors(self):
        n = self.node({**SHORT_LEASE, "lanes": [{"name": "fast", "slots": 1}, {"name": "slow", "slots": 1}]})
        n.wait(n.run("true"))
        keepers = eventually(n.keepers, "the slot's keeper")
        old = [(k, limit(k, resource.RLIMIT_NOFILE, 5)) for k in keepers]
        def lift():
            for keeper, files in old:
                limit(keeper, resource.RLIMIT_NOFILE, files)
        self.goes_on_after(n, n.run("true", "--max-attempts", 1), lift, "Too many open files")

    def test_a_runner_without_descriptors(self):
        n = self.node(SHORT_LEASE)
        runner = n.runner()
        eventually(lambda: n.good("nodes")[0]["nodes"][0]["workers"][0]["runner_up"], "the node has its runner")
        old = limit(runner, resource.RLIMIT_NOFILE, len(os.listdir(f"/proc/{runner}/fd")))
        self.goes_on_after(n, n.run("true", "--max-attempts", 1),
                           lambda: limit(runner, resource.RLIMIT_NOFILE, old), "cannot start a keeper")

    def test_a_fabricd_without_descriptors(self):
        """It takes no new connections meanwhile; the jobs it has go on, and it answers again."""
        n = self.node(SHORT_LEASE)
        job = n.run(n.gate("a"))
        n.started(job)
        pid = n.process.pid
        old = limit(pid, resource.RLIMIT_NOFILE, len(os.listdir(f"/proc/{pid}/fd")))
        self.assertEqual(n.fabric("show", job).code, 3)
        def refused():  # A connection that waits for a descriptor would keep CAF's loop busy.
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", n.port)):
                return False
            return True
        eventually(refused, "the door is shut")
        n.open_gate("a")
        eventually(lambda: n.sql(f"select state from jobs where id={job}") == [(5,)], "the job's end is committed")
        limit(pid, resource.RLIMIT_NOFILE, old)
        end = eventually(lambda: (a := n.fabric("show", job)).code == 0 and a.lines[0], "it answers again")
        self.assertEqual((end["state"], end["attempt"]), ("succeeded", 1))
        self.assertEqual([e["kind"] for e in n.events() if e["kind"].startswith("descriptors")],
                         ["descriptors_few", "descriptors_enough"])

    def test_more_connections_than_the_soft_limit_of_descriptors(self):
        """fabricd uses what its hard limit allows; runner and jobs keep the soft limit it was started with."""
        n = self.node(start=False)
        n.launch(prefix=("prlimit", "--nofile=128:4096"))
        self.assertIn(" ready on ", n.first_line(), n.log())
        for _ in range(200):
            self.addCleanup(socket.create_connection(("127.0.0.1", n.port)).close)
        eventually(lambda: len(os.listdir(f"/proc/{n.process.pid}/fd")) > 200, "all are taken")
        job = n.run("ulimit -Sn > $FABRIC_RESULT")
        self.assertEqual(n.wait(job)["result"], 128)

    def test_a_runner_without_processes(self):
        """RLIMIT_NPROC means nothing to root, so the node runs as nobody."""
        nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        if os.geteuid() != 0 or subprocess.run([*nobody, "test", "-x", BIN / "fabricd"], check=False).returncode != 0:
            self.skipTest("not root, or nobody cannot reach the programs")
        n = self.node(SHORT_LEASE, start=False)
        os.chown(n.directory, 65534, 65534)
        n.launch(prefix=nobody)
        self.assertIn(" ready on ", n.first_line(), n.log())
        runner = n.runner()
        eventually(lambda: n.good("nodes")[0]["nodes"][0]["workers"][0]["runner_up"], "the node has its runner")
        def processes(soft):  # By the same user: without CAP_SYS_RESOURCE root may not.
            subprocess.run([*nobody, "prlimit", "--pid", str(runner), f"--nproc={soft}:"], check=True)
        processes(0)
        self.goes_on_after(n, n.run("true", "--max-attempts", 1), lambda: processes(1000),
                           "cannot start a keeper: Resource temporarily unavailable")


class SmallDisk(NodeTest):
    def tmpfs(self, n, size):
        """Mounts a small file system where the node keeps everything; the test is skipped where it may not."""
        n.data.mkdir(mode=0o700)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(n.data)],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("cannot mount a tmpfs: not root, or not allowed here")
        def unmount():
            n.kill_everything()
            subprocess.run(["umount", str(n.data)], check=True)
        self.addCleanup(unmount)

    @staticmethod
    def fill(path):
        with open(path, "ab", buffering=0) as f, contextlib.suppress(OSError):
            while True:
                f.write(b"x" * 4096)

    def test_a_full_disk_under_store_and_spool_loses_no_job(self):
        n = self.node({**SHORT_LEASE, "store": {"disk_low": "8MiB", "reserve": "2MiB"}}, start=False)
        self.tmpfs(n, "48M")
        n.start()
        running = [n.run(n.gate("a"), "--lane", lane) for lane in ("fast", "fast", "slow")]
        for job in running:
            n.started(job)
        queued = [n.run("echo hello") for _ in range(20)]
        self.fill(n.data / "ballast")
        refused = eventually(lambda: (a := n.fabric("submit", "sh", "--input", '{"run": ""}')).code and a, "refused")
        self.assert_refused(refused, "disk_full", "store.disk_low")
        n.open_gate("a")
        for job in running:  # Their ends commit: there is a reserve.
            end = n.wait(job)
            self.assertEqual((end["state"], end["attempt"]), ("succeeded", 1))
        (n.data / "ballast").unlink()
        n.wait(*queued)
        for job in queued:
            end = n.show(job)
            self.assertEqual((end["state"], end["counts"]["failures"]), ("succeeded", 0), end)
        n.wait(n.run("true"))
        n.drain()
        self.assertTrue(n.fabric("store", "check", "--data", n.data).lines[0]["ok"])


if __name__ == "__main__":
    unittest.main()
