"""What operators do to a running fabric: pausing lanes, and asking why a job does not run."""

import unittest

from harness import NodeTest, eventually, shell_class


def reasons(answer):
    return [r["what"] for r in answer["reasons"]]


class Pausing(NodeTest):
    def lane(self, n, name="fast"):
        return next(lane for lane in n.good("lanes")[0]["lanes"] if lane["lane"] == name)

    def test_a_paused_lane_starts_nothing_over_restarts_until_it_is_resumed(self):
        n = self.node()
        running = n.run(n.gate("running"))
        n.started(running)
        n.good("pause", "fast", "--reason", "the disk is slow")
        waiting = n.run("exit 0")
        explained = n.good("explain", waiting)[0]
        self.assertEqual(reasons(explained), ["lane_paused"])
        self.assertIn("the disk is slow", explained["reasons"][0]["text"])
        n.kill()
        n.start()
        self.assertEqual(self.lane(n)["pause"]["reason"], "the disk is slow")
        n.open_gate("running")
        self.assertEqual(n.wait(running)["state"], "succeeded")  # What runs goes on.
        self.assertEqual(n.show(waiting)["state"], "ready")
        self.assertIn("the disk is slow", n.fabric("lanes", as_json=False).out)
        n.good("resume", "fast")
        self.assertEqual(n.wait(waiting)["state"], "succeeded")
        self.assertIsNone(self.lane(n)["pause"])
        self.assertEqual([e["kind"] for e in n.events() if e["kind"].startswith("lane_p") or e["kind"] == "lane_resumed"],
                         ["lane_paused", "lane_resumed"])

    def test_a_pause_for_a_time_ends_by_itself_also_over_a_crash(self):
        n = self.node()
        n.good("pause", "fast", "--reason", "a moment", "--for", "2s")
        job = n.run("exit 0")
        self.assertEqual(reasons(n.good("explain", job)[0]), ["lane_paused"])
        n.kill()
        n.start()
        self.assertEqual(n.wait(job)["state"], "succeeded")
        self.assertEqual(n.events(kind="lane_resumed")[0]["text"], "its time was over")

    def test_bad_orders_are_refused(self):
        n = self.node()
        self.assert_refused(n.fabric("pause", "fats", "--reason", "x"), "unknown_lane", "fats", "fast")
        self.assert_refused(n.fabric("pause", "fast", "--reason", ""), "bad_input", "reason")
        self.assert_refused(n.fabric("pause", "fast", "--reason", "x", "--for", "10ms"), "bad_input", "for")
        self.assert_refused(n.fabric("resume", "fast"), "wrong_state", "not paused")
        self.assertEqual(n.fabric("explain", "4711").code, 4)


class Explaining(NodeTest):
    def test_a_full_lane_the_order_and_a_delay(self):
        n = self.node({"lanes": [{"name": "fast", "slots": 1}, {"name": "slow", "slots": 0}]})
        first = n.run(n.gate("first"))
        n.started(first)
        second, third = n.run("exit 0"), n.run("exit 0")
        urgent = n.run("exit 0", "--priority", "5")
        later = n.run("exit 0", "--delay", "1h")
        answer = n.good("explain", third)[0]
        self.assertEqual(reasons(answer), ["no_free_slot", "in_line"])
        self.assertIn("2 ready jobs come first, 1 of them more urgent", answer["reasons"][1]["text"])
        self.assertEqual(reasons(n.good("explain", urgent)[0]), ["no_free_slot"])
        self.assertEqual(reasons(n.good("explain", later)[0]), ["delayed"])
        self.assertEqual(reasons(n.good("explain", first)[0])[0], "running")
        n.open_gate("first")
        n.wait(first, second, third, urgent)

    def test_a_failed_attempt_its_backoff_and_where_the_time_went(self):
        n = self.node({"classes": {"sh": shell_class(max_attempts=2, backoff={"base": "1h", "max": "1h", "jitter": 0})}})
        job = n.run("sleep 0.2; echo out of paper >&2; exit 3")
        n.until(job, "scheduled")
        answer = n.good("explain", job)[0]
        self.assertEqual(reasons(answer), ["backoff"])
        self.assertIn("after attempt 1 of 2: exit code 3", answer["reasons"][0]["text"])
        n.good("cancel", job)
        answer = n.good("explain", job)[0]
        self.assertEqual(reasons(answer), ["cancelled"])
        self.assertAlmostEqual(sum(p["s"] for p in answer["parts"]), answer["total_s"], places=6)
        ran = [p for p in answer["parts"] if p["what"] == "ran"]
        self.assertGreaterEqual(ran[0]["s"], 0.2)
        text = n.fabric("explain", job, as_json=False).out
        self.assertIn("where its time went", text)
        self.assertIn("in all", text)

    def test_a_buried_job_carries_its_reason_and_its_last_words(self):
        n = self.node({"classes": {"sh": shell_class(max_attempts=1)}})
        job = n.run("echo out of paper >&2; exit 3")
        self.assertEqual(n.wait(job)["state"], "buried")
        self.assertEqual(reasons(n.good("explain", job)[0]), ["buried", "can_be_kicked"])
        text = n.fabric("show", job, as_json=False).out
        self.assertIn("failed once: exit code 3", text)
        self.assertIn("out of paper", text)

    def test_a_class_that_is_switched_off_while_its_job_waits(self):
        n = self.node({"lanes": [{"name": "fast", "slots": 1}, {"name": "slow", "slots": 1}]})
        n.good("pause", "fast", "--reason", "to hold it")
        job = n.run("exit 0")
        n.drain()
        n.config["classes"]["sh"]["enabled"] = False
        n.start()
        eventually(lambda: reasons(n.good("explain", job)[0]) == ["class_disabled", "lane_paused"], "both reasons")


if __name__ == "__main__":
    unittest.main()
