"""Ordering keys: jobs of a key run one after the other, whatever their lanes and classes, and whoever dies."""

import collections
import datetime
import json
import unittest

from harness import NodeTest, SharedNodeTest, eventually, read_bytes, shell_class

MANY_SLOTS = {
    "lanes": [{"name": "fast", "slots": 8, "grace": "300ms"}, {"name": "slow", "slots": 8, "grace": "300ms"}],
    "classes": {"other": shell_class()},
}


def instant(text):
    return datetime.datetime.fromisoformat(text)


class Diary:
    """What jobs write when they begin and end: one line each, in the order in which it happened."""

    def __init__(self, node):
        self.path = node.directory / "diary"

    def script(self, key, number, work="sleep 0.02"):
        return f"echo begin {key} {number} >> {self.path}; {work}; echo end {key} {number} >> {self.path}"

    def lines(self):
        text = read_bytes(self.path).decode()
        return [line.split() for line in text.splitlines()] if text.endswith("\n") or not text else []

    def by_key(self):
        found = collections.defaultdict(list)
        for what, key, number in self.lines():
            found[key].append((what, int(number)))
        return found


class Order(NodeTest):
    def submit_all(self, n, keys=20, jobs=10):
        """Jobs of every key, in turn, over both lanes and two classes, in one file."""
        self.diary = Diary(n)
        lines = []
        for number in range(jobs):
            for key in range(keys):
                lines.append(json.dumps({
                    "class": ["sh", "other"][number % 2], "lane": ["fast", "slow"][(number + key) % 2],
                    "key": f"key{key}", "priority": 1000 - number, "max_attempts": 50,
                    "input": {"run": self.diary.script(f"key{key}", number)}}))
        receipts = n.good("submit", "--file", "-", stdin="\n".join(lines).encode())
        self.assertEqual(len(receipts), keys * jobs)
        return [r["id"] for r in receipts]

    def assert_in_order(self, jobs, repeats=False):
        """Each job begins after the one before it has ended; one that was killed may begin again at its own turn."""
        for key, lines in self.diary.by_key().items():
            if repeats:
                lines = [line for i, line in enumerate(lines) if line not in lines[:i]]
            self.assertEqual(lines, [(what, n) for n in range(jobs) for what in ("begin", "end")], key)

    def test_two_lanes_and_many_slots_keep_the_order_of_every_key(self):
        n = self.node(MANY_SLOTS)
        ids = self.submit_all(n)
        n.wait(*ids)
        self.assertEqual(len(self.diary.by_key()), 20)
        self.assert_in_order(10)
        at_once, most = 0, 0
        for what, _, _ in self.diary.lines():
            at_once += 1 if what == "begin" else -1
            most = max(most, at_once)
        self.assertGreater(most, 2)  # Different keys do not wait for each other.

    def test_the_order_outlives_kills(self):
        n = self.node(MANY_SLOTS)
        ids = self.submit_all(n)
        for count in (40, 100, 160):
            eventually(lambda: len(self.diary.lines()) >= count, f"{count} lines")
            n.kill()
            n.start()
        eventually(lambda: len(self.diary.lines()) >= 220, "220 lines")
        n.kill_everything()
        n.start()
        n.wait(*ids)
        self.assertEqual({job["state"] for job in n.good("list", "--limit", "1000")}, {"succeeded"})
        for key, lines in self.diary.by_key().items():
            numbers = [number for _, number in lines]
            self.assertEqual(numbers, sorted(numbers), key)  # A repeat never comes after a later job.
        self.assert_in_order(10, repeats=True)


class Line(SharedNodeTest):
    config = MANY_SLOTS

    def line(self, key, first, *rest):
        """Submits scripts of one key; the first one's options come with it."""
        return [self.n.run(script, "--ordering-key", key, *options) for script, *options in (first, *rest)]

    def states(self, jobs):
        return [self.n.show(job)["state"] for job in jobs]

    def begun(self, job):
        return instant(self.n.show(job)["attempts"][0]["leased_at"])

    def test_a_cancel_in_the_middle_leaves_the_line_intact(self):
        jobs = self.line("cancel", (self.n.gate("cancel"),), ("true",), ("true", "--lane", "slow"))
        self.n.started(jobs[0])
        self.assertEqual(self.states(jobs), ["running", "waiting", "waiting"])
        self.n.good("cancel", jobs[1])
        self.assertEqual(self.states(jobs), ["running", "cancelled", "waiting"])
        self.n.open_gate("cancel")
        self.assertEqual(self.n.wait(jobs[2])["state"], "succeeded")
        self.assertEqual(self.n.show(jobs[1])["attempts"], [])

    def test_a_running_first_that_is_cancelled_is_gone_before_the_next_begins(self):
        jobs = self.line("stop", ("trap 'sleep 0.1; exit 1' TERM; while :; do sleep 0.02; done",), ("true",))
        self.n.started(jobs[0])
        self.n.good("cancel", jobs[0])
        self.n.wait(jobs[1])
        first = self.n.show(jobs[0])
        self.assertEqual(first["state"], "cancelled")
        self.assertGreaterEqual(self.begun(jobs[1]), instant(first["finished_at"]))

    def test_a_buried_first_releases_the_next_and_comes_last_when_it_is_kicked(self):
        gate = f"[ -e {self.n.directory}/gate-buried ]"
        jobs = self.line("bury", (gate, "--max-attempts", 1), (self.n.gate("second"),), ("true",))
        self.assertEqual(self.n.wait(jobs[0])["state"], "buried")
        self.n.until(jobs[1], "running")
        self.n.open_gate("buried")
        self.n.good("kick", jobs[0])
        self.assertEqual(self.states(jobs), ["waiting", "running", "waiting"])
        line = self.n.show(jobs[0])["line"]
        self.assertEqual(line, {"first": jobs[1], "first_state": "running", "ahead": 2})
        self.n.open_gate("second")
        self.n.wait(*jobs)
        self.assertEqual(set(self.states(jobs)), {"succeeded"})
        fences = [self.n.show(job)["fence"] for job in jobs]
        self.assertEqual(fences, [max(fences), min(fences), sorted(fences)[1]])

    def test_a_first_that_waits_for_its_retry_holds_the_others(self):
        n = self.node({**MANY_SLOTS, "classes": {"sh": {"backoff": {"base": "300ms", "factor": 1, "jitter": 0}}}})
        flag = n.directory / "again"
        first = n.run(f"[ -e {flag} ] || {{ touch {flag}; exit 1; }}", "--ordering-key", "retry")
        second = n.run("true", "--ordering-key", "retry", "--priority", 0)
        n.wait(first, second)
        self.assertEqual(n.outcomes(first), ["failed", "succeeded"])
        self.assertEqual(n.outcomes(second), ["succeeded"])
        self.assertGreater(n.show(second)["fence"], n.show(first)["fence"])

    def test_a_delayed_first_holds_the_others_and_a_waiting_delay_counts_from_submission(self):
        jobs = self.line("delay", ("true", "--delay", "400ms"), ("true",), ("true", "--delay", "1h"))
        self.assertEqual(self.states(jobs)[1:], ["waiting", "waiting"])
        self.n.wait(jobs[1])
        waited = self.begun(jobs[1]) - instant(self.n.show(jobs[0])["submitted_at"])
        self.assertGreaterEqual(waited.total_seconds(), 0.399)
        last = self.n.until(jobs[2], "scheduled")
        left = instant(last["run_at"]) - instant(last["submitted_at"])
        self.assertAlmostEqual(left.total_seconds(), 3600, delta=0.01)
        self.n.good("cancel", jobs[2])

    def test_an_operator_sees_who_waits_for_whom(self):
        jobs = self.line("see \x7e", (self.n.gate("see"),), ("true",), ("true", "--lane", "slow"))
        self.n.started(jobs[0])
        reasons = self.n.good("explain", jobs[2])[0]["reasons"]
        self.assertEqual([r["what"] for r in reasons], ["waits_for_key"])
        self.assertIn(f"job {jobs[0]} is the first of them and running, 2 jobs are before it", reasons[0]["text"])
        self.assertEqual([j["id"] for j in self.n.good("list", "--state", "waiting")], [jobs[2], jobs[1]])
        lanes = {lane["lane"]: lane["counts"]["waiting"] for lane in self.n.good("lanes")[0]["lanes"]}
        self.assertEqual(lanes, {"fast": 1, "slow": 1})
        page = self.n.fabric("show", jobs[2], as_json=False).out
        self.assertIn(f"waits for earlier jobs of key see ~: 2 before it, first job {jobs[0]} (running)", page)
        self.assertEqual(self.n.show(jobs[0])["key"], "see ~")
        self.assertIsNone(self.n.show(jobs[0])["line"])
        self.n.open_gate("see")
        self.n.wait(*jobs)
        self.assertEqual(self.n.good("list", "--state", "waiting"), [])

    def test_an_idempotency_key_goes_with_an_ordering_key(self):
        both = ("--ordering-key", "both", "--idempotency-key", "once")
        first = self.n.run("true", *both)
        again = self.n.good("submit", "sh", "--input", json.dumps({"run": "true"}), *both)[0]
        self.assertEqual(again, {"id": first, "duplicate": True})
        self.n.wait(self.n.run("true", "--ordering-key", "both"))

    def test_what_is_no_key_is_refused_by_name(self):
        for bad in ("", "x" * 256, "a\nb"):
            answer = self.n.fabric("submit", "sh", "--input", '{"run":"true"}', "--ordering-key", bad)
            self.assertEqual(answer.code, 2, answer)
            self.assertIn("/key", answer.err)
        lines = ['{"class":"sh","input":{"run":"true"},"key":%s}' % key
                 for key in ('""', "7", "null", '["a"]', '"a\\u0000"', json.dumps("x" * 256), '"' + "x" * 255 + '"')]
        answer = self.n.fabric("submit", "--file", "-", stdin="\n".join(lines).encode())
        self.assertEqual(answer.code, 5, answer)
        self.assertEqual([line["error"]["where"] for line in answer.lines[:-1]], ["/key"] * 6)
        self.n.wait(answer.lines[-1]["id"])


class Limits(NodeTest):
    def test_waiting_jobs_count_for_max_queued(self):
        n = self.node({"limits": {"max_queued": 3}})
        jobs = [n.run(n.gate("full"), "--ordering-key", "full") for _ in range(3)]
        refused = n.fabric("submit", "sh", "--input", '{"run":"true"}', "--ordering-key", "full")
        self.assert_refused(refused, "limit_reached", "limits.max_queued")
        n.open_gate("full")
        n.wait(*jobs)

    def test_a_lane_with_waiting_jobs_stays(self):
        n = self.node()
        first = n.run(n.gate("stay"), "--ordering-key", "stay")
        n.run("true", "--ordering-key", "stay", "--lane", "slow")
        n.started(first)
        n.config["lanes"] = n.config["lanes"][:1]
        n.command()  # Writes the file.
        answer = n.fabric("reload")
        self.assertNotEqual(answer.code, 0, answer)
        self.assertIn("1 job in slow", answer.out + answer.err)
        n.open_gate("stay")


if __name__ == "__main__":
    unittest.main()
