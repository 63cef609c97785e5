"""What a node does when its host lost power, and when its wall clock jumps. On a host out of namespaces: after a boot
its boot id is another, pids are given anew and the clocks since boot begin again."""

import os
import unittest

from harness import alive, eventually
from hosts import HostTest
from wall_clock import WallClock, available

LOCAL = {"node": {"listen": "127.0.0.1:7600"}}
DAY_S = 86_400


class Reboots(HostTest):
    def setUp(self):
        self.host = self.cell("scheduler")["scheduler"]
        self.n = self.node_on(self.host, LOCAL)

    def reboot(self):
        self.n.power_off()
        self.host.boot()

    def test_what_ran_is_lost_and_runs_again_and_what_waited_runs(self):
        jobs = [self.n.run(self.n.gate("a")) for _ in range(2)] + [self.n.run("true")]
        for job in jobs[:2]:
            self.n.started(job)
        self.reboot()
        self.n.start()
        for job in jobs[:2]:
            self.n.started(job)
        self.n.open_gate("a")
        for job in jobs:
            self.n.wait(job)
        self.assertEqual([self.n.outcomes(job) for job in jobs], [["lost", "succeeded"]] * 2 + [["succeeded"]])

    def test_twice_in_a_row_with_the_second_during_the_start(self):
        job = self.n.run(self.n.gate("a"))
        self.n.started(job)
        self.reboot()
        self.n.launch()
        eventually(lambda: self.n.helpers("fabric-runner"), "the start is under way")
        self.reboot()
        self.n.start()
        self.n.open_gate("a")
        self.n.wait(job)
        self.assertEqual(self.n.outcomes(job)[-1], "succeeded")
        self.assertEqual(set(self.n.outcomes(job)[:-1]), {"lost"})

    def test_a_process_that_has_the_pid_of_an_old_one_is_left_alone(self):
        told = self.n.directory / "pid"
        job = self.n.run(f"echo $$ >{told}; {self.n.gate('a')}")
        pid = int(eventually(lambda: told.exists() and told.read_text(), "the job has told its pid"))
        self.reboot()
        others = self.host.popen(["sh", "-c", f"for i in $(seq {pid + 50}); do sleep 1000 & done; wait"])
        self.addCleanup(others.wait)
        self.addCleanup(self.host.power_off)
        sleepers = eventually(lambda: len(self.host.processes()) > pid + 50 and self.host.processes(), "the pid is taken")
        self.assertEqual(self.host.run("cat", f"/proc/{pid}/comm").stdout, "sleep\n")
        self.n.start()
        self.n.open_gate("a")
        self.assertEqual(self.n.wait(job)["state"], "succeeded")
        self.assertEqual(self.n.outcomes(job), ["lost", "succeeded"])
        self.assertEqual([p for p in sleepers if not alive(p)], [])

    def test_a_result_that_was_acknowledged_is_there_and_no_number_is_given_again(self):
        first = self.n.run("echo 1 >$FABRIC_RESULT")
        self.n.wait(first)
        fence = self.n.show(first)["attempts"][0]["fence"]
        self.reboot()
        self.n.start()
        self.assertEqual(self.n.show(first)["result"], 1)
        second = self.n.run("true")
        self.n.wait(second)
        self.assertGreater(second, first)
        self.assertGreater(self.n.show(second)["attempts"][0]["fence"], fence)


@unittest.skipUnless(available(), "there is no C compiler here")
class ClockJumps(HostTest):
    """Only fabricd's and its runner's clock jumps; leases are 3 s, so that they are renewed meanwhile."""

    def setUp(self):
        self.host = self.cell("scheduler")["scheduler"]
        self.clock = WallClock(self.host.directory)
        self.n = self.node_on(self.host, {**LOCAL, "lease": {"first": "3s", "node_silence": "2s"}}, start=False)
        self.n.env = {**os.environ, **self.clock.env()}
        self.clock.jump(-3 * DAY_S)
        self.n.start().drain()  # Certificates are good from then on, so that a clock of yesterday is not before them.
        self.clock.jump(3 * DAY_S)
        self.n.start()

    def test_a_jump_ends_no_lease_and_no_attempt_and_fires_nothing_early(self):
        job = self.n.run(self.n.gate("a"))
        pids = self.n.started(job)
        later = self.n.run("true", "--delay", "1h")
        for jump in (3600 * 2, -DAY_S, DAY_S * 3, -DAY_S * 3):
            self.clock.jump(jump)
            soon = self.n.run("true", "--delay", "100ms")
            self.n.wait(soon)
            renewed = self.n.run("sleep 4")  # Longer than a lease.
            self.n.wait(renewed)
            self.assertEqual(self.n.outcomes(renewed), ["succeeded"])
            self.assertEqual(self.n.show(later)["state"], "scheduled")
        self.assertIn(pids[0], self.n.started(job))  # Its shell.
        self.n.open_gate("a")
        self.n.wait(job)
        self.assertEqual(self.n.outcomes(job), ["succeeded"])

    def test_a_restart_after_a_jump_takes_the_jobs_over(self):
        for number, jump in enumerate((-DAY_S, DAY_S * 2)):
            job = self.n.run(self.n.gate(number))
            pids = self.n.started(job)
            self.clock.jump(jump)
            self.n.kill()
            self.n.start()
            after = self.n.run("true")
            self.n.wait(after)
            self.assertIn(pids[0], self.n.started(job))  # Its shell.
            self.n.open_gate(number)
            self.n.wait(job)
            self.assertEqual(self.n.outcomes(job), ["succeeded"])

    def test_a_host_that_boots_with_the_clock_of_yesterday_runs_what_was_there(self):
        job, waiting = self.n.run(self.n.gate("a")), self.n.run("true", "--delay", "1s")
        self.n.started(job)
        self.n.power_off()
        self.clock.jump(-DAY_S)
        self.host.boot()
        self.n.start()
        self.n.open_gate("a")
        self.n.wait(job)
        self.assertEqual(self.n.outcomes(job), ["lost", "succeeded"])
        # A time that was asked for is an instant: it comes a day later now.
        self.assertEqual(self.n.show(waiting)["state"], "scheduled")


if __name__ == "__main__":
    unittest.main()
