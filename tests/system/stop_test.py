"""Two ways out: drain (SIGTERM) and detach (SIGUSR2)."""

import os
import signal
import unittest

from harness import NodeTest, alive, eventually, start_ticks


class Drain(NodeTest):
    def until_draining(self, n):
        eventually(lambda: "draining" in n.log(), "the drain has begun")

    def test_a_job_may_finish_and_nothing_new_begins(self):
        n = self.node()
        running = n.run(n.gate("a") + "; echo 5 > $FABRIC_RESULT")
        n.started(running)
        n.signal(signal.SIGTERM)
        self.until_draining(n)
        self.assert_refused(eventually(lambda: (a := n.fabric("submit", "sh", "--input", '{"run":"true"}')).code and a,
                                       "submissions are refused"), "draining", "drain")
        n.open_gate("a")
        code, told = n.end()
        self.assertEqual(code, 0)
        self.assertIn(f"job {running} attempt 1: succeeded", told)
        self.assertIn("drained: nothing is held", told)
        n.start()
        end = n.show(running)
        self.assertEqual((end["state"], end["result"], end["attempt"]), ("succeeded", 5, 1))

    def test_a_long_job_is_handed_back_without_using_an_attempt(self):
        n = self.node({"node": {"drain_timeout": "200ms"}})
        job = n.run("[ $FABRIC_ATTEMPT = 2 ] || exec sleep 1000", "--max-attempts", 1)
        pids = n.started(job)
        code, told = n.drain()
        self.assertEqual(code, 0)
        self.assertIn(f"job {job} attempt 1: handed back", told)
        self.assertFalse([p for p in pids if alive(p)])
        n.start()
        end = n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["drained", "succeeded"])
        self.assertEqual((end["state"], end["counts"]["failures"]), ("succeeded", 0))

    def test_a_second_signal_hands_back_at_once(self):
        n = self.node({"node": {"drain_timeout": "1h"}})
        jobs = [n.run("sleep 1000") for _ in range(2)] + [n.run("sleep 1000", "--lane", "slow")]
        for job in jobs:
            n.started(job)
        n.signal(signal.SIGTERM)
        self.until_draining(n)
        self.assertIsNone(n.process.poll())
        n.signal(signal.SIGTERM)
        code, told = n.end()
        self.assertEqual(code, 0)
        for job in jobs:
            self.assertIn(f"job {job} attempt 1: handed back", told)
        self.assertEqual([j for j in jobs if n.job_processes(j)], [])
        n.start()
        for job in jobs:
            n.started(job)
            self.assertEqual(n.outcomes(job), ["drained", None])

    def test_waiting_jobs_stay_for_the_next_start(self):
        n = self.node({"lanes": [{"name": "fast", "slots": 1, "grace": "300ms"}]})
        blocker, ready, later = n.run(n.gate("a")), n.run("true"), n.run("true", "--delay", "200ms")
        n.started(blocker)
        n.signal(signal.SIGTERM)
        self.until_draining(n)
        n.open_gate("a")
        self.assertEqual(n.end()[0], 0)
        n.start()
        n.wait(ready, later)
        self.assertEqual([n.outcomes(j) for j in (blocker, ready, later)], [["succeeded"]] * 3)

    def test_an_idle_node_drains_at_once_and_closes_its_store_cleanly(self):
        n = self.node()
        self.assertEqual(n.drain()[0], 0)
        n.start()
        self.assertIn("closed cleanly", n.log())
        self.assertNotIn("not closed cleanly", n.log())

    def test_a_signal_while_the_node_starts_drains_it(self):
        """It is never ready then, and takes over no job for long."""
        n = self.node()
        waiting = n.run("true", "--delay", "1h")
        n.drain()
        for _ in range(5):
            begun = len(n.log())
            n.launch()
            eventually(lambda: "store:" in n.log()[begun:], "it has begun")
            code, told = n.drain()
            self.assertEqual(code, 0)
            self.assertNotIn("ready", told)
            self.assertIn("drained: nothing is held", told)
        n.start()
        self.assertEqual(n.show(waiting)["state"], "scheduled")

    def test_sigint_drains_too(self):
        n = self.node()
        n.signal(signal.SIGINT)
        self.assertEqual(n.end()[0], 0)

    def test_sighup_with_an_unchanged_file_changes_nothing(self):
        n = self.node()
        n.signal(signal.SIGHUP)
        self.assertEqual(n.wait(n.run("true"))["state"], "succeeded")


class Detach(NodeTest):
    # 2 s are promised; the rest is for a machine that is busy with other things.
    PROMISE_S = 2 + 2

    def detach(self, n):
        n.signal(signal.SIGUSR2)
        n.process.wait(timeout=self.PROMISE_S)
        code, _ = n.end()
        self.assertEqual(code, 0)

    def test_a_job_goes_on_and_the_next_fabricd_takes_it_over(self):
        n = self.node()
        job = n.run(n.gate("a") + "; echo 7 > $FABRIC_RESULT")
        before = n.started(job)[0]
        began, runner = start_ticks(before), n.runner()
        self.detach(n)
        self.assertTrue(alive(before))
        n.start()
        def held_now():
            return [h for node in n.good("nodes")[0]["nodes"] for w in node["workers"] for h in w["held"]]
        held = eventually(held_now, "the job is held again")
        self.assertEqual([(h["job"], h["attempt"]) for h in held], [(job, 1)])
        self.assertEqual((start_ticks(before), n.runner()), (began, runner))
        n.open_gate("a")
        end = n.wait(job)
        self.assertEqual((end["state"], end["result"], len(end["attempts"])), ("succeeded", 7, 1))

    def test_a_job_that_ends_while_nobody_is_there_keeps_its_result(self):
        n = self.node()
        good = n.run(n.gate("a") + "; echo 8 > $FABRIC_RESULT")
        bad = n.run(n.gate("a") + "; echo broken >&2; exit 6", "--max-attempts", 1)
        pids = n.started(good) + n.started(bad)
        self.detach(n)
        n.open_gate("a")
        eventually(lambda: not [p for p in pids if alive(p)], "the jobs have ended")
        n.start()
        end = n.wait(good, bad)
        self.assertEqual((end["state"], end["result"], len(end["attempts"])), ("succeeded", 8, 1))
        end = n.show(bad)
        self.assertEqual((end["state"], end["attempts"][0]["report"]["stderr"]["tail"]), ("buried", "broken\n"))

    def test_leases_are_lengthened_for_the_outage(self):
        n = self.node()
        job = n.run(n.gate("a"))
        n.started(job)
        self.detach(n)
        self.assertIn("leases lengthened", n.log())
        self.assertGreaterEqual(n.sql(f"select lease from jobs where id = {job}")[0][0], 300 * 10**6)
        n.start()
        n.open_gate("a")
        self.assertEqual(n.wait(job)["attempt"], 1)

    def test_a_frozen_runner_does_not_hold_up_the_exit(self):
        n = self.node()
        job = n.run(n.gate("a") + "; echo 9 > $FABRIC_RESULT")
        n.started(job)
        runner = n.runner()
        os.kill(runner, signal.SIGSTOP)
        self.detach(n)
        os.kill(runner, signal.SIGCONT)
        n.start()
        n.open_gate("a")
        end = n.wait(job)
        self.assertEqual((end["state"], end["result"], len(end["attempts"])), ("succeeded", 9, 1))

    def test_nothing_new_begins_and_what_waits_is_there_afterwards(self):
        n = self.node()
        blockers = [n.run(n.gate("a")) for _ in range(2)]
        waiting = [n.run("true") for _ in range(50)]
        for job in blockers:
            n.started(job)
        n.signal(signal.SIGUSR2)
        eventually(lambda: "detaching" in n.log(), "the node detaches")
        n.open_gate("a")
        self.assertEqual(n.end()[0], 0)
        n.start()
        n.wait(*blockers, *waiting)
        self.assertEqual([n.outcomes(j) for j in blockers + waiting], [["succeeded"]] * 52)

    def test_detaching_an_idle_node(self):
        n = self.node()
        self.detach(n)
        n.start()
        self.assertEqual(n.wait(n.run("true"))["state"], "succeeded")

    def test_detaching_again_and_again(self):
        n = self.node()
        job = n.run(n.gate("a"))
        pid = n.started(job)
        for _ in range(3):
            self.detach(n)
            n.start()
            self.assertEqual(n.job_processes(job)[0], pid[0])
        n.open_gate("a")
        self.assertEqual(n.wait(job)["attempt"], 1)

    def test_detaching_during_a_drain_leaves_the_jobs_running(self):
        n = self.node({"node": {"drain_timeout": "1h"}})
        job = n.run(n.gate("a"))
        n.started(job)
        n.signal(signal.SIGTERM)
        eventually(lambda: "draining" in n.log(), "the drain has begun")
        self.detach(n)
        n.start()
        n.open_gate("a")
        self.assertEqual([a["outcome"] for a in n.wait(job)["attempts"]], ["succeeded"])


if __name__ == "__main__":
    unittest.main()
