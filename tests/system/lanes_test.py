"""Fast and slow lanes: budgets, demotion by restart, overflow, and the order of demoted jobs."""

import unittest

from harness import NodeTest, alive, eventually


def lanes(policy="fast-first", fast=None, slow=None):
    return {"lanes": [{"name": "fast", "slots": 1, "budget": "300ms", "grace": "300ms", **(fast or {})},
                      {"name": "slow", "slots": 1, "grace": "300ms", **(slow or {})}],
            "routing": {"policy": policy}}


SLOW_AT_FIRST = '[ "$FABRIC_LANE" = slow ] || exec sleep 1000'


class Demotion(NodeTest):
    def test_over_budget_starts_over_in_the_slow_lane(self):
        n = self.node(lanes())
        job = n.run(SLOW_AT_FIRST + '; echo "\\"$FABRIC_LANE\\"" > $FABRIC_RESULT')
        first = n.started(job)
        end = n.wait(job)
        self.assertEqual((end["state"], end["lane"], end["result"]), ("succeeded", "slow", "slow"))
        self.assertEqual([(a["lane"], a["outcome"]) for a in end["attempts"]],
                         [("fast", "demoted"), ("slow", "succeeded")])
        self.assertEqual((end["counts"]["demoted"], end["counts"]["failures"]), (1, 0))
        self.assertGreaterEqual(end["wasted_s"], 0.3)
        self.assertFalse([p for p in first if alive(p)])
        fast, slow = n.good("lanes")[0]["lanes"]
        self.assertEqual((fast["counts"]["demoted_out"], slow["counts"]["demoted_out"]), (1, 0))
        self.assertAlmostEqual(fast["counts"]["wasted_s"], end["wasted_s"], places=3)
        self.assertEqual([e["kind"] for e in n.events(job=job)], ["demoted"])
        self.assertIn("budget", end["attempts"][0]["report"]["reason"])

    def test_a_job_within_its_budget_stays(self):
        n = self.node(lanes(fast={"budget": "10s"}))
        end = n.wait(n.run("sleep 0.1"))
        self.assertEqual([(a["lane"], a["outcome"]) for a in end["attempts"]], [("fast", "succeeded")])
        self.assertEqual(end["wasted_s"], 0)

    def test_done_in_the_grace_period_is_done(self):
        n = self.node(lanes(fast={"grace": "20s"}))
        end = n.wait(n.run("trap 'echo true > $FABRIC_RESULT; exit 0' TERM; while :; do sleep 0.02; done"))
        self.assertEqual((end["state"], end["result"], end["lane"], end["attempt"]), ("succeeded", True, "fast", 1))
        self.assertEqual(end["wasted_s"], 0)

    def test_failing_in_the_grace_period_is_a_demotion(self):
        n = self.node(lanes(fast={"grace": "20s"}))
        end = n.wait(n.run(f'[ $FABRIC_LANE = slow ] && exit 0; trap "exit 1" TERM; while :; do sleep 0.02; done'))
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["demoted", "succeeded"])
        self.assertEqual(end["counts"]["failures"], 0)

    def test_a_job_that_ignores_the_soft_signal_is_killed_with_all_its_children(self):
        n = self.node(lanes())
        job = n.run('trap "" TERM; [ $FABRIC_LANE = slow ] && exit 0; setsid sleep 1000 & sleep 1000')
        first = eventually(lambda: (p := n.job_processes(job)) and len(p) >= 3 and p, "the job and its children")
        end = n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["demoted", "succeeded"])
        self.assertGreaterEqual(end["attempts"][0]["run_time_s"], 0.6)
        self.assertFalse([p for p in first if alive(p)])

    def test_the_slot_is_free_again_for_the_next(self):
        n = self.node(lanes())
        slow, quick = n.run(SLOW_AT_FIRST), n.run("true")
        self.assertEqual(n.wait(quick)["lane"], "fast")
        self.assertEqual(n.wait(slow)["lane"], "slow")

    def test_three_lanes_are_a_chain(self):
        n = self.node({"lanes": [{"name": "fast", "budget": "200ms", "grace": "200ms"},
                                 {"name": "middle", "budget": "300ms", "grace": "200ms"}, {"name": "slow"}]})
        end = n.wait(n.run(SLOW_AT_FIRST))
        self.assertEqual([a["lane"] for a in end["attempts"]], ["fast", "middle", "slow"])
        self.assertEqual(end["counts"]["demoted"], 2)

    def test_move_to_may_skip_a_lane(self):
        n = self.node({"lanes": [{"name": "fast", "budget": "200ms", "on_timeout": {"move_to": "slow"}},
                                 {"name": "middle", "budget": "300ms"}, {"name": "slow"}]})
        self.assertEqual([a["lane"] for a in n.wait(n.run(SLOW_AT_FIRST))["attempts"]], ["fast", "slow"])

    def test_the_last_lane_s_budget_is_a_time_limit(self):
        n = self.node(lanes(slow={"budget": "200ms", "on_timeout": "fail"}))
        end = n.wait(n.run("sleep 1000", "--max-attempts", 2))
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["demoted", "timed_out", "timed_out"])
        self.assertEqual(end["state"], "buried")
        self.assertIn("failed 2 times", end["reason"])

    def test_on_timeout_fail_times_out_in_the_fast_lane(self):
        n = self.node(lanes(fast={"on_timeout": "fail"}))
        end = n.wait(n.run("sleep 1000", "--max-attempts", 2))
        self.assertEqual([(a["lane"], a["outcome"]) for a in end["attempts"]], [("fast", "timed_out")] * 2)
        self.assertEqual(end["state"], "buried")


class Order(NodeTest):
    def first_in_the_slow_lane(self, demoted_first):
        """A fresh and a demoted job wait for the slow lane's only slot; tells whether the demoted one got it first."""
        n = self.node(lanes(slow={"demoted_first": demoted_first}))
        blocker = n.run(n.gate("blocker"), "--lane", "slow")
        n.started(blocker)
        fresh = n.run("true", "--lane", "slow")
        demoted = n.run(SLOW_AT_FIRST)
        eventually(lambda: n.show(demoted)["lane"] == "slow", "the job is demoted")
        n.open_gate("blocker")
        n.wait(fresh, demoted)
        return n.show(demoted)["fence"] < n.show(fresh)["fence"]

    def test_demoted_jobs_go_before_fresh_ones(self):
        self.assertTrue(self.first_in_the_slow_lane(True))

    def test_demoted_first_can_be_switched_off(self):
        self.assertFalse(self.first_in_the_slow_lane(False))

    def test_priority_goes_before_demoted_first(self):
        n = self.node(lanes())
        blocker = n.run(n.gate("blocker"), "--lane", "slow")
        n.started(blocker)
        demoted = n.run(SLOW_AT_FIRST)
        eventually(lambda: n.show(demoted)["lane"] == "slow", "the job is demoted")
        urgent = n.run("true", "--lane", "slow", "--priority", 1)
        n.open_gate("blocker")
        n.wait(urgent, demoted)
        self.assertLess(n.show(urgent)["fence"], n.show(demoted)["fence"])

    def test_the_order_of_demotions_outlives_a_restart(self):
        n = self.node(lanes())
        blocker = n.run(n.gate("blocker"), "--lane", "slow")
        n.started(blocker)
        fresh = n.run("true", "--lane", "slow")
        first, second = n.run(SLOW_AT_FIRST, "--priority", 1024), n.run(SLOW_AT_FIRST)
        for job in (first, second):
            eventually(lambda: n.show(job)["lane"] == "slow", "the job is demoted")
        n.kill()
        n.start()
        n.open_gate("blocker")
        n.wait(first, second, fresh)
        fences = [n.show(j)["fence"] for j in (first, second, fresh)]
        self.assertEqual(fences, sorted(fences))


class SlowFirst(NodeTest):
    def slow_first_node(self, **fast):
        return self.node(lanes("slow-first", fast=fast))

    def test_jobs_start_in_the_slow_lane(self):
        n = self.slow_first_node()
        self.assertEqual([a["lane"] for a in n.wait(n.run("true"))["attempts"]], ["slow"])

    def test_idle_fast_slots_help_out_and_give_back_what_takes_too_long(self):
        n = self.slow_first_node()
        blocker = n.run(n.gate("blocker"))
        n.started(blocker)
        self.assertEqual(n.show(blocker)["lane"], "slow")

        # The slow lane is busy: the fast lane takes the next, under its own budget.
        short = n.wait(n.run("true"))
        self.assertEqual([(a["lane"], a["outcome"]) for a in short["attempts"]], [("fast", "succeeded")])
        long = n.run(SLOW_AT_FIRST)
        eventually(lambda: n.outcomes(long) == ["demoted"], "the long one is sent back")
        back = n.show(long)
        self.assertEqual((back["lane"], back["state"], back["overflow_from"]), ("slow", "ready", None))

        # It may not be taken again, while younger ones may.
        for _ in range(3):
            self.assertEqual(n.wait(n.run("true"))["lane"], "fast")
        self.assertEqual((n.show(long)["state"], n.show(long)["attempt"]), ("ready", 1))
        n.open_gate("blocker")
        end = n.wait(long)
        self.assertEqual([a["lane"] for a in end["attempts"]], ["fast", "slow"])
        self.assertEqual(n.wait(blocker)["attempt"], 1)

    def test_a_job_for_a_named_lane_goes_there(self):
        n = self.slow_first_node()
        self.assertEqual(n.wait(n.run("true", "--lane", "fast"))["lane"], "fast")

    def test_overflow_outlives_a_kill_of_fabricd(self):
        n = self.slow_first_node(budget="60s")
        blocker = n.run(n.gate("a"))
        n.started(blocker)
        taken = n.run(n.gate("b"))
        n.started(taken)
        self.assertEqual((n.show(taken)["lane"], n.show(taken)["overflow_from"]), ("fast", "slow"))
        n.kill()
        n.start()
        n.open_gate("a")
        n.open_gate("b")
        n.wait(blocker, taken)
        self.assertEqual([n.outcomes(j) for j in (blocker, taken)], [["succeeded"], ["succeeded"]])


class Switch(NodeTest):
    def test_another_policy_after_a_restart_changes_the_next_jobs_only(self):
        n = self.node(lanes())
        waiting = n.run("true", "--delay", "300ms")
        n.drain()
        n.config["routing"]["policy"] = "slow-first"
        n.start()
        self.assertEqual(n.wait(n.run("true"))["lane"], "slow")
        self.assertEqual(n.wait(waiting)["lane"], "fast")


if __name__ == "__main__":
    unittest.main()
