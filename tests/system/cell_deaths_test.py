"""Processes and whole hosts of a cell die, or stand still; what they held goes on or runs elsewhere."""

import os
import signal
import unittest

from cluster import LEASE_S
from host_cluster import HostClusterTest
from harness import alive, eventually
from wall_clock import WallClock, available


class Deaths(HostClusterTest):
    def setUp(self):
        self.c = self.cluster()

    def running(self):
        """Two jobs that run until the gate opens, one on each worker, which both have room: {worker: (job, pids)}."""
        self.jobs, found = [], {}
        for job in [self.c.client.run(self.c.gate("a")) for _ in range(4)]:
            name, pids = self.c.started(job)
            if name in found:
                self.c.client.good("cancel", job)
                self.c.client.wait(job)
                continue
            found.setdefault(name, (job, pids))
            self.jobs.append(job)
        self.assertEqual((set(found), len(self.jobs)), (set(self.c.workers), 2))
        return found

    def test_fabricd_of_a_worker_dies_alone_and_the_next_one_takes_its_jobs_over(self):
        found = self.running()
        job, pids = found["w1"]
        self.c.workers["w1"].kill()
        self.c.workers["w1"].start()
        self.c.until_joined("w1")
        self.assertIn(pids[0], self.c.workers["w1"].job_processes(job))
        self.assertEqual(self.finish(self.c, "a", *self.jobs), [["succeeded"]] * 2)

    def test_fabricd_of_a_worker_dies_with_its_runner_and_its_jobs_run_again(self):
        found = self.running()
        job, pids = found["w1"]
        self.c.workers["w1"].kill_with_runner()
        self.c.workers["w1"].start()
        eventually(lambda: not any(alive(p) for p in pids), "the old processes are gone")
        self.c.started(job)
        outcomes = self.finish(self.c, "a", *self.jobs)
        self.assertEqual(outcomes[self.jobs.index(job)], ["lost", "succeeded"])
        self.assertEqual(outcomes[self.jobs.index(found["w2"][0])], ["succeeded"])

    def test_a_whole_host_dies_and_its_jobs_run_elsewhere(self):
        found = self.running()
        job, _ = found["w1"]
        self.c.workers["w1"].power_off()
        eventually(lambda: self.c.client.show(job)["attempt"] == 2, "it is leased again", 10 * LEASE_S)
        self.assertEqual(self.finish(self.c, "a", *self.jobs)[self.jobs.index(job)], ["lost", "succeeded"])
        self.assertEqual(self.c.client.show(job)["attempts"][-1]["node"], "w2")

    def test_the_scheduler_dies_and_the_jobs_go_on(self):
        found = self.running()
        self.c.scheduler.kill()
        self.c.scheduler.start()
        self.c.until_joined("w1", "w2")
        for name, (job, pids) in found.items():
            self.assertIn(pids[0], self.c.workers[name].job_processes(job))
        self.assertEqual(self.finish(self.c, "a", *self.jobs), [["succeeded"]] * 2)

    def test_all_fabricds_die_at_once_and_come_back_in_another_order(self):
        found = self.running()
        for node in self.c.nodes():
            os.kill(node.pid, signal.SIGKILL)
        for node in self.c.nodes():
            node.end()
        for node in reversed(self.c.nodes()):
            node.launch()  # Workers first: they wait for the scheduler.
        for node in self.c.nodes():
            node.until_ready()
        self.c.until_joined("w1", "w2")
        for name, (job, pids) in found.items():
            self.assertIn(pids[0], self.c.workers[name].job_processes(job))
        self.assertEqual(self.finish(self.c, "a", *self.jobs), [["succeeded"]] * 2)

    def test_all_hosts_lose_their_power_and_nothing_acknowledged_is_lost(self):
        self.running()
        waiting = self.c.client.run("true")
        for node in self.c.nodes():
            node.power_off()
        for node in self.c.nodes():
            node.host.boot()
            node.start()
        self.c.until_joined("w1", "w2", seconds=60)
        outcomes = self.finish(self.c, "a", *self.jobs, waiting)
        self.assertTrue(all(o[-1] == "succeeded" for o in outcomes), outcomes)

    def test_a_worker_that_stood_still_for_three_leases_does_no_harm_when_it_goes_on(self):
        found = self.running()
        job, pids = found["w1"]
        self.c.workers["w1"].signal(signal.SIGSTOP)
        eventually(lambda: not any(alive(p) for p in pids), "its runner ended what had no lease", 5 * LEASE_S)
        eventually(lambda: self.c.client.show(job)["attempt"] == 2, "it is leased again", 10 * LEASE_S)
        self.c.workers["w1"].signal(signal.SIGCONT)
        self.c.until_joined("w1")
        self.assertEqual(self.finish(self.c, "a", *self.jobs)[self.jobs.index(job)], ["lost", "succeeded"])

    def test_a_host_that_stood_still_brings_back_no_stale_result(self):
        job = self.c.client.run(self.c.gate("a") + "; echo '\"'$FABRIC_NODE_NAME'\"' >$FABRIC_RESULT")
        name, _ = self.c.started(job)
        self.c.workers[name].host.suspend()
        other = self.c.started_elsewhere(job, name)
        self.c.open_gate("a")
        self.assertEqual(self.c.client.until(job, "succeeded")["result"], other)
        self.c.workers[name].host.resume()
        self.c.until_joined(name)
        eventually(lambda: not self.c.runs_on(job), "the old one is gone")
        self.assertEqual(self.c.client.show(job)["result"], other)
        self.assertEqual(self.c.client.outcomes(job), ["lost", "succeeded"])


@unittest.skipUnless(available(), "no C compiler for the clock that jumps")
class Clocks(HostClusterTest):
    """The wall clock of one host jumps, under its fabricd, runner and jobs. Certificates are good by it, so a jump over
    the beginning of one keeps new connections out."""

    def jumping(self, which):
        self.c = self.cluster(start=False)
        node = self.c.scheduler if which == "scheduler" else self.c.workers[which]
        self.clock = WallClock(node.directory)
        node.env = {**os.environ, **self.clock.env()}
        self.c.start()
        return node

    def test_of_a_host_that_runs_jobs(self):
        self.jumps_are_not_felt("w1")

    def test_of_the_scheduler(self):
        self.jumps_are_not_felt("scheduler")

    def jumps_are_not_felt(self, which):
        self.jumping(which)
        jobs = [self.c.client.run(self.c.gate("a")) for _ in range(2)]
        found = {job: self.c.started(job) for job in jobs}
        for jump in (7200, -3600, -3600):
            self.clock.jump(jump)
            renewed = self.c.client.run("sleep 4", "--lane", "slow")  # Longer than a lease.
            self.assertEqual([a["outcome"] for a in self.c.client.wait(renewed)["attempts"]], ["succeeded"])
            self.assertTrue(self.c.joined("w1", "w2"))
        for job, (name, pids) in found.items():
            self.assertEqual(self.c.workers[name].job_processes(job)[0], pids[0])
        self.assertEqual(self.finish(self.c, "a", *jobs), [["succeeded"]] * 2)

    def test_a_host_that_boots_with_a_clock_before_its_certificate_says_so_and_starts_once_the_clock_is_right(self):
        node = self.jumping("w1")
        node.power_off()
        self.clock.jump(-86_400)
        node.host.boot()
        node.launch()
        self.assertEqual(node.end()[0], 69)  # systemd tries again.
        self.assertIn("node.pem not yet valid", node.log())
        self.clock.jump(86_400)
        node.start()
        self.assertTrue(self.c.joined("w1"))


if __name__ == "__main__":
    unittest.main()
