"""In which order jobs run, and what clients may change about it: priority, delay, retries, wait, cancel, kick."""

import datetime
import json
import unittest

from harness import DEADLINE_S, NodeTest, SharedNodeTest, eventually, shell_class

ONE_SLOT = {"lanes": [{"name": "fast", "slots": 1, "grace": "300ms"}]}


def instant(text):
    return datetime.datetime.fromisoformat(text)


class Order(NodeTest):
    def run_behind_a_blocker(self, n, submit_all):
        """Submits while the only slot is taken; returns the ids in the order in which their attempts were leased."""
        blocker = n.run(n.gate("blocker"))
        n.started(blocker)
        jobs = submit_all()
        n.open_gate("blocker")
        n.wait(*jobs)
        fences = {n.show(j)["fence"]: j for j in jobs}
        return [fences[f] for f in sorted(fences)]

    def test_a_smaller_number_goes_first_then_the_older_job(self):
        """G5."""
        n = self.node(ONE_SLOT)
        jobs = {}
        def submit_all():
            for name, priority in [("usual", 1024), ("late", 4294967295), ("urgent", 0), ("soon", 5), ("soon too", 5)]:
                jobs[name] = n.run("true", "--priority", priority)
            return list(jobs.values())
        order = self.run_behind_a_blocker(n, submit_all)
        self.assertEqual(order, [jobs[k] for k in ["urgent", "soon", "soon too", "usual", "late"]])

    def test_classes_share_the_order_of_their_lane(self):
        n = self.node({**ONE_SLOT, "classes": {"other": shell_class()}})
        def submit_all():
            return [n.run("true", "--priority", p, job_class=c) for c, p in
                    [("sh", 3), ("other", 2), ("sh", 1), ("other", 3)]]
        order = self.run_behind_a_blocker(n, submit_all)
        a, b, c, d = sorted(order)
        self.assertEqual(order, [c, b, a, d])

    def test_a_delayed_job_begins_at_its_time_and_not_before(self):
        n = self.node()
        job = n.run("true", "--delay", "400ms")
        self.assertEqual(n.show(job)["state"], "scheduled")
        end = n.wait(job)
        waited = instant(end["attempts"][0]["leased_at"]) - instant(end["submitted_at"])
        self.assertGreaterEqual(waited.total_seconds(), 0.399)  # JSON has milliseconds.

    def test_a_delay_outlives_a_restart(self):
        n = self.node()
        job = n.run("true", "--delay", "700ms")
        n.kill()
        n.start()
        end = n.wait(job)
        waited = instant(end["attempts"][0]["leased_at"]) - instant(end["submitted_at"])
        self.assertEqual(end["state"], "succeeded")
        self.assertGreaterEqual(waited.total_seconds(), 0.699)

    def test_retries_wait_longer_each_time(self):
        n = self.node({"classes": {"sh": {"backoff": {"base": "100ms", "factor": 3, "jitter": 0}}}})
        end = n.wait(n.run("exit 1"))
        self.assertEqual((end["state"], end["reason"]), ("buried", "failed 3 times: exit code 1"))
        a = end["attempts"]
        waits = [(instant(a[i + 1]["leased_at"]) - instant(a[i]["ended_at"])).total_seconds() for i in (0, 1)]
        self.assertGreaterEqual(waits[0], 0.099)
        self.assertGreaterEqual(waits[1], 0.299)
        self.assertEqual([e["kind"] for e in n.events(job=end["id"])], ["retried", "retried", "buried"])


class Waiting(SharedNodeTest):
    def test_wait_tells_each_of_several_as_it_ends(self):
        later, failed, first = self.n.run(self.n.gate("later")), self.n.run("exit 1", "--max-attempts", 1), None
        self.n.until(failed, "buried")
        first = self.n.run("true")
        waiter = self.n.background("wait", later, failed, first, later)
        ends = [json.loads(waiter.stdout.readline())["id"] for _ in range(2)]
        self.assertEqual(sorted(ends), sorted([failed, first]))
        self.n.open_gate("later")
        rest = waiter.communicate(timeout=DEADLINE_S)[0].splitlines()
        self.assertEqual([json.loads(line)["id"] for line in rest], [later])
        self.assertEqual(waiter.returncode, 1)  # One of them failed.

    def test_wait_for_thousands(self):
        text = b'{"class":"sh","input":{"run":"true"}}\n' * 1200
        answer = self.n.fabric("submit", "--file", "-", "--wait", stdin=text)
        self.assertEqual(answer.code, 0, answer.err)
        self.assertEqual(sum(line.get("state") == "succeeded" for line in answer.lines), 1200)


class Changing(SharedNodeTest):
    def cancelled(self, job):
        answer = self.n.fabric("cancel", job)
        self.assertEqual((answer.code, answer.lines[0]["ok"]), (0, True), answer)
        return self.n.until(job, "cancelled")

    def test_cancel_of_a_scheduled_job(self):
        end = self.cancelled(self.n.run("true", "--delay", "1h"))
        self.assertEqual(end["attempts"], [])
        self.assertIn("cancelled by a client", end["reason"])

    def test_cancel_of_a_ready_job(self):
        blocker = self.n.run(self.n.gate("ready"), "--lane", "slow")
        self.n.started(blocker)
        job = self.n.run("true", "--lane", "slow")
        self.assertEqual(self.n.show(job)["state"], "ready")
        self.assertEqual(self.cancelled(job)["attempts"], [])
        self.n.open_gate("ready")
        self.assertEqual(self.n.wait(blocker)["state"], "succeeded")

    def test_cancel_of_a_running_job_stops_its_processes(self):
        job = self.n.run("sleep 1000 & sleep 1000")
        self.n.started(job)
        self.assertTrue(self.n.job_processes(job))
        self.assertEqual([a["outcome"] for a in self.cancelled(job)["attempts"]], ["cancelled"])
        self.assertEqual(self.n.job_processes(job), [])

    def test_cancel_of_a_job_that_waits_for_its_retry(self):
        n = self.node({"classes": {"sh": {"backoff": {"base": "1h", "max": "1h"}}}})
        job = n.run("exit 1")
        n.until(job, "scheduled")
        n.good("cancel", job)
        self.assertEqual(n.until(job, "cancelled")["counts"]["failures"], 1)

    def test_a_running_job_that_succeeds_all_the_same_is_not_cancelled(self):
        job = self.n.run("trap 'echo 1 > $FABRIC_RESULT; exit 0' TERM; echo up; while :; do sleep 0.02; done")
        eventually(lambda: self.n.fabric("logs", job).out, "the trap is set")
        self.n.good("cancel", job)
        end = self.n.wait(job)
        self.assertEqual((end["state"], end["result"]), ("succeeded", 1))

    def test_cancel_of_several_answers_for_each(self):
        ended, waiting = self.n.run("true"), self.n.run("true", "--delay", "1h")
        self.n.wait(ended)
        answer = self.n.fabric("cancel", ended, waiting, 999999)
        self.assertEqual(answer.code, 5, answer)
        said = {line["id"]: line.get("state") or line["error"]["code"] for line in answer.lines}
        self.assertEqual(said, {ended: "wrong_state", waiting: "cancelled", 999999: "not_found"})

    def test_kick_puts_a_buried_job_back_with_all_its_attempts(self):
        job = self.n.run(f"[ -e {self.n.directory}/gate-kick ]")
        self.assertEqual(self.n.wait(job)["state"], "buried")
        self.n.open_gate("kick")
        self.n.good("kick", job)
        end = self.n.wait(job)
        self.assertEqual((end["state"], end["attempt"], end["counts"]["failures"]), ("succeeded", 4, 0))

    def test_only_buried_jobs_can_be_kicked(self):
        job = self.n.run("true", "--delay", "1h")
        self.assert_refused(self.n.fabric("kick", job), "wrong_state", "buried")


if __name__ == "__main__":
    unittest.main()
