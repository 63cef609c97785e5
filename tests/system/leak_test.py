"""A process that cannot be killed: its slot is closed and shown, its job runs again, and nothing is forgotten."""

import unittest

from freezer import Freezer, usable
from harness import NodeTest, alive, eventually


@unittest.skipUnless(usable(), "no writable freezer cgroup here: nothing can be made unkillable")
class Leak(NodeTest):
    def leaking_job(self, node):
        """A job whose first attempt ended, but for a child that withstands SIGKILL; the second one goes on."""
        child = node.directory / "child"
        job = node.run(f'if [ $FABRIC_ATTEMPT = 1 ]; then sleep 1000 & echo $! > {child}.part; mv {child}.part {child}; '
                       f'{node.gate("frozen")}; else {node.gate("second")}; fi; echo $FABRIC_ATTEMPT > $FABRIC_RESULT')
        pid = int(eventually(lambda: child.exists() and child.read_text(), "the child"))
        freezer = Freezer()
        self.addCleanup(freezer.thaw)
        freezer.freeze(pid)
        node.open_gate("frozen")
        return job, pid, freezer

    def leaks(self, node):
        return sum(w["leaked"] for w in node.good("nodes")[0]["nodes"][0]["workers"])

    def test_its_job_runs_elsewhere_and_its_late_end_is_refused(self):
        n = self.node({"lease": {"first": "3s"}})
        job, pid, freezer = self.leaking_job(n)
        eventually(lambda: self.leaks(n) == 1, "the leak is shown", 30)
        eventually(lambda: [e["job"] for e in n.events("slot_leaked")] == [job], "the leak is in the log")
        eventually(lambda: n.show(job)["attempt"] == 2, "the job is leased again")
        self.assertTrue(alive(pid))
        n.detach_and_start()
        eventually(lambda: self.leaks(n) == 1, "the leak is known after a restart too")
        freezer.thaw()
        eventually(lambda: self.leaks(n) == 0, "the slot is open again")
        n.open_gate("second")
        end = n.wait(job)
        self.assertEqual((end["state"], end["result"]), ("succeeded", 2))
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["lost", "succeeded"])
        eventually(lambda: n.events("stale_end", job), "the refused end is in the log")
        self.assertFalse(alive(pid))

    def test_a_drain_says_what_it_leaves(self):
        n = self.node({"node": {"drain_timeout": "1s"}, "lease": {"first": "3s"}})
        job, _, freezer = self.leaking_job(n)
        eventually(lambda: self.leaks(n) == 1, "the leak is shown", 30)
        code, said = n.drain()
        self.assertEqual(code, 0)
        self.assertIn(f"job {job} attempt 1: cannot be killed", said)
        freezer.thaw()
        n.start()
        n.open_gate("second")
        self.assertEqual(n.wait(job)["state"], "succeeded")


if __name__ == "__main__":
    unittest.main()
