#!/usr/bin/env python3
"""The checker passes evidence of a fabric that works, and names what is wrong with each kind of doctored evidence."""

import contextlib
import io
import json
import pathlib
import tempfile
import unittest

import history

import checker


def attempt(number, fence, outcome, ended="2026-01-01T00:00:09.000000Z"):
    return {"number": number, "fence": fence, "outcome": outcome, "ended_at": ended}


def job(number, op, state, attempts, result=None):
    return {"id": number, "labels": {"op": op}, "state": state, "attempts": attempts, "result": result,
            "read_result": {"result": result}, "max_attempts": 3,
            "counts": {"failures": 0, "memory": 0, "lost": 0, "demoted": 0, "checkpointed": 0}}


def trace(number, fence, attempt_number, first_ms, last_ms):
    start = checker.instant_us("2026-01-01T00:00:00Z")
    return [{"e": e, "job": number, "fence": fence, "attempt": attempt_number, "pid": 1, "boot_ns": ms * 1_000_000,
             "wall_us": start + ms * 1000} for e, ms in (("start", first_ms), ("end", last_ms))]


def good_evidence():
    """Two jobs: one succeeded in its second attempt, one is buried; and a submission without an answer."""
    won = {"job": 1, "fence": 12}
    return {
        "about": {"seed": 1, "profile": "general", "mutation": "", "seconds": 1, "kills": 1, "faults": {"kill_all": 1},
                  "deaths": [], "thaws": [], "orphans": [], "unfinished": [], "findings": []},
        "clients": [
            {"e": "invoke", "op": "a"}, {"e": "info", "op": "a"}, {"e": "ok", "op": "a", "id": 1},
            {"e": "invoke", "op": "b"}, {"e": "ok", "op": "b", "id": 2},
            {"e": "invoke", "op": "c"}, {"e": "info", "op": "c"},
            {"e": "invoke", "op": "d"}, {"e": "fail", "op": "d"},
            {"e": "seen", "id": 1, "state": "succeeded", "result": won}],
        "final": [job(1, "a", "succeeded", [attempt(1, 10, "lost"), attempt(2, 12, "succeeded")], won),
                  job(2, "b", "buried", [attempt(1, 11, "failed")])],
        "jobs": [*trace(1, 10, 1, 100, 200), *trace(1, 12, 2, 300, 400), *trace(2, 11, 1, 100, 200)],
    }


def wrong_checks(evidence):
    """The checks that fail for this evidence."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        (directory / "about.json").write_text(json.dumps(evidence["about"]))
        for part in ("clients", "final", "jobs"):
            (directory / f"{part}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in evidence[part]))
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = checker.main(directory)
    wrong = {line.split(":")[0].strip() for line in out.getvalue().splitlines() if line.endswith("<--")}
    return wrong if code == 1 else {f"exit code {code}"}


class CheckerTest(unittest.TestCase):
    def setUp(self):
        self.evidence = good_evidence()
        self.first, self.second = self.evidence["final"]

    def assert_found(self, *names):
        found = wrong_checks(self.evidence)
        for name in names:
            self.assertTrue(any(f.startswith(name) for f in found), f"{name} is not in {found}")

    def test_good_evidence_passes(self):
        self.assertEqual(wrong_checks(self.evidence), {"exit code 0"})

    def test_an_acknowledged_job_that_is_gone_is_lost(self):
        self.evidence["final"].remove(self.second)
        self.assert_found("lost")

    def test_an_acknowledged_number_that_names_another_job_is_lost(self):
        self.second["labels"]["op"] = "c"
        self.assert_found("lost")

    def test_a_second_job_of_one_submission_is_found(self):
        self.evidence["final"].append(job(3, "b", "buried", []))
        self.assert_found("duplicated")

    def test_two_numbers_for_one_submission_are_found(self):
        self.evidence["clients"].append({"e": "ok", "op": "b", "id": 1})
        self.assert_found("duplicated")

    def test_a_refused_submission_that_became_a_job_is_found(self):
        self.evidence["final"].append(job(3, "d", "buried", []))
        self.assert_found("unexpected")

    def test_a_job_that_nobody_submitted_is_found(self):
        self.evidence["final"].append(job(3, "x", "buried", []))
        self.assert_found("unexpected")

    def test_a_job_that_did_not_end_is_found(self):
        self.second["state"] = "running"
        self.assert_found("unfinished")

    def test_a_state_that_contradicts_the_attempts_is_found(self):
        self.second["attempts"].append(attempt(2, 13, "succeeded"))
        self.assert_found("states that contradict")

    def test_a_counter_beyond_its_cap_is_found(self):
        self.second["counts"]["lost"] = 6
        self.assert_found("counters")

    def test_a_result_of_an_older_fence_is_stale(self):
        self.first["result"] = {"job": 1, "fence": 10}
        self.assert_found("stale", "changed", "results that two commands")

    def test_a_missing_result_is_stale(self):
        self.first["result"] = None
        self.assert_found("stale")

    def test_a_result_of_a_run_that_left_no_trace_is_found(self):
        self.evidence["jobs"] = trace(2, 11, 1, 100, 200)
        self.assert_found("results of attempts that never ran")

    def test_a_fence_given_twice_is_found(self):
        self.second["attempts"][0]["fence"] = 10
        self.assert_found("fences given twice")

    def test_fences_that_do_not_grow_are_found(self):
        self.first["attempts"][0]["fence"] = 13
        self.assert_found("fences that do not grow")

    def test_an_attempt_alive_after_the_next_one_began_overlaps(self):
        self.evidence["jobs"] += trace(1, 10, 1, 150, 301)
        self.assert_found("overlapping")

    def test_an_attempt_alive_after_its_end_is_found(self):
        self.evidence["jobs"] += trace(2, 11, 1, 200, 9006)
        self.assert_found("outliving")

    def test_a_lease_that_ended_while_the_node_was_suspended_may_be_outlived_for_a_moment(self):
        self.evidence["jobs"] += trace(2, 11, 1, 200, 9100)
        self.evidence["about"]["thaws"] = [checker.instant_us("2026-01-01T00:00:09Z")]
        self.assertEqual(wrong_checks(self.evidence), {"exit code 0"})
        self.evidence["jobs"] += trace(2, 11, 1, 200, 9600)
        self.assert_found("outliving")

    def test_jobs_of_a_key_that_overtake_or_overlap_are_found(self):
        for traces, wrong in ((trace(2, 11, 1, 401, 500), False), (trace(2, 11, 1, 399, 500), True),
                              (trace(2, 11, 1, 10, 50), True)):
            with self.subTest(traces=traces):
                self.evidence = good_evidence()
                for one in self.evidence["final"]:
                    one["key"] = "k"
                self.evidence["jobs"] = [line for line in self.evidence["jobs"] if line["job"] == 1] + traces
                found = {name for name in wrong_checks(self.evidence) if name.startswith("out of order")}
                self.assertEqual(bool(found), wrong, found)

    def test_a_run_without_an_attempt_is_found(self):
        self.evidence["jobs"] += trace(2, 14, 2, 500, 600)
        self.assert_found("unexpected")

    def test_a_run_of_an_attempt_that_is_no_longer_kept_is_none(self):
        evidence = good_evidence()
        evidence["final"][0]["attempts"] = [attempt(2, 12, "succeeded")]  # The first is forgotten.
        self.assertNotIn("unexpected", " ".join(wrong_checks(evidence)))
        evidence["jobs"] += trace(1, 13, 1, 500, 600)  # Of a fence behind it: that one cannot be.
        self.assertIn("unexpected", " ".join(wrong_checks(evidence)))

    def test_what_the_soak_noticed_counts(self):
        for key, name in (("orphans", "orphans"), ("deaths", "exits"), ("unfinished", "unfinished"),
                          ("findings", "other findings")):
            with self.subTest(key):
                self.evidence = good_evidence()
                self.evidence["about"][key] = ["something"]
                self.assert_found(name)

    def test_strange_answers_of_the_command_line_count(self):
        self.evidence["clients"].append({"e": "strange", "words": [], "code": 7, "text": ""})
        self.assert_found("answers")

    def test_no_evidence_is_no_pass(self):
        self.evidence.update(clients=[], final=[], jobs=[])
        self.assert_found("other findings")


class TornLines(unittest.TestCase):
    """A kill may cut a job's line short in the middle of the file; the next writer's follows on it."""

    def test_the_line_behind_a_torn_one_is_read(self):
        self.assertEqual(history.parse('{"e":"b{"e":"start","job":7}\n'), {"e": "start", "job": 7})

    def test_what_is_no_line_at_all_is_an_error(self):
        with self.assertRaises(ValueError):
            history.parse("nothing\n")


if __name__ == "__main__":
    unittest.main()
