#!/usr/bin/env python3
"""Each check of several hosts passes good evidence, and is shown evidence that it must not pass."""

import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import checker
import hosts_checks
from checker_test import attempt, job

S = 1_000_000_000
AHEAD = {"boot-a": 700 * S, "boot-b": -300 * S, "boot-a2": -1000 * S}  # Their clocks, of the one they share.
HOSTS = {"boot-a": "w1", "boot-a2": "w1", "boot-b": "w2"}


def at_host(number, outcome, fence, node):
    return {**attempt(number, fence, outcome, None), "node": node}


def run(of, fence, attempt_number, boot, first_s, last_s, ended=True, node=None, pid=7):
    """The lines of one run, its instants in seconds of the shared clock; it was seen alive every 0.1 s."""
    events = ["start"] + ["beat"] * max(0, round((last_s - first_s) * 10) - 1) + ["end" if ended else "beat"]
    step = (last_s - first_s) / (len(events) - 1)
    return [{"e": e, "job": of, "fence": fence, "attempt": attempt_number, "node": node or HOSTS[boot], "boot": boot,
             "pid": pid, "boot_ns": round((first_s + i * step) * S) + AHEAD[boot],
             "wall_us": round((first_s + i * step) * 1e6)} for i, e in enumerate(events)]


class HostsChecks(unittest.TestCase):
    def setUp(self):
        won = {"job": 1, "fence": 12}
        self.about = {"seed": 1, "profile": "hosts", "mutation": "", "seconds": 1, "kills": 1, "faults": {},
                      "deaths": [], "thaws": [], "orphans": [], "unfinished": [], "findings": [], "hosts": ["w1", "w2"],
                      "boots": AHEAD, "boot_hosts": HOSTS, "resumed": []}
        self.final = [job(1, "a", "succeeded", [at_host(1, "lost", 10, "w1"), at_host(2, "succeeded", 12, "w2")], won)]
        self.w1 = run(1, 10, 1, "boot-a", 1000, 1005, ended=False)
        self.w2 = run(1, 12, 2, "boot-b", 1021, 1030)
        self.trials = []

    def verdicts(self, *checks):
        """The names of the checks that fail."""
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            (directory / "about.json").write_text(json.dumps(self.about))
            for file, lines in (("clients.jsonl", []), ("final.jsonl", self.final), ("w1/jobs.jsonl", self.w1),
                                ("w2/jobs.jsonl", self.w2), ("trials.jsonl", self.trials)):
                (directory / file).parent.mkdir(exist_ok=True)
                (directory / file).write_text("".join(json.dumps(line) + "\n" for line in lines))
            evidence, verdicts = checker.Run(directory), checker.Verdicts()
            for check in checks or (checker.check_runs, hosts_checks.check_places, hosts_checks.check_trials):
                check(evidence, verdicts)
            self.trial_counts = verdicts.trials
            return {name.split(":")[0] + ":" + name.split(":")[1] for name, wrong in verdicts.wrong.items() if wrong}

    def assert_found(self, name):
        self.assertTrue(any(found.startswith(name) for found in self.verdicts()), f"{name}: {self.verdicts()}")

    def gone(self, at_s, back_s=None):
        self.trials = [{"trial": "host_gone", "node": "w1", "at_ns": round(at_s * S), "jobs": [1],
                        "back_ns": back_s and round(back_s * S), "lease_s": 15}]

    def test_good_evidence_passes_each_check(self):
        self.gone(1005)
        self.assertEqual(self.verdicts(), set())
        for name in ("misplaced", "repeated", "overlapping", "host gone"):
            self.assertTrue(any(n.startswith(name) for n in self.trial_counts), name)

    def test_clocks_of_hosts_are_made_one_before_they_are_compared(self):
        self.w2 = run(1, 12, 2, "boot-b", 1004, 1030)
        self.assert_found("overlapping")

    def test_a_run_alive_on_its_old_host_when_it_began_on_another_overlaps_unless_the_host_was_just_resumed(self):
        self.w1 += run(1, 10, 1, "boot-a", 1005, 1025, ended=False)[1:]
        self.assert_found("overlapping")
        self.about["resumed"] = [["w1", round(1024.8e6)]]
        self.assertEqual(self.verdicts(), set())
        self.about["resumed"] = [["w2", round(1024.8e6)]]
        self.assert_found("overlapping")

    def test_a_run_on_another_host_than_the_leases_is_misplaced(self):
        self.final[0]["attempts"][1]["node"] = "w3"
        self.assert_found("misplaced: runs that were not where")

    def test_a_run_in_two_boots_is_misplaced(self):
        self.w1 += run(1, 10, 1, "boot-a2", 1006, 1007)[1:]
        self.assert_found("misplaced: runs that were not where")

    def test_a_host_that_says_to_be_another_is_found(self):
        self.w2 = run(1, 12, 2, "boot-b", 1021, 1030, node="w1")
        self.assert_found("misplaced: runs on hosts that say")

    def test_two_starts_under_one_fence_are_found(self):
        self.w2 += run(1, 12, 2, "boot-b", 1031, 1032, pid=8)
        self.assert_found("repeated")

    def test_a_young_attempt_of_a_lost_host_that_waits_longer_is_found(self):
        self.gone(1005)
        self.w2 = run(1, 12, 2, "boot-b", 1023.5, 1030)
        self.assert_found("host gone: restart within the lease")
        self.w2 = run(1, 12, 2, "boot-b", 1026, 1030)
        self.assert_found("host gone: restart of young")

    def test_an_old_attempt_of_a_lost_host_may_wait_as_long_as_its_lease(self):
        self.w1 = run(1, 10, 1, "boot-a", 1000, 1040, ended=False)
        self.gone(1040)
        self.w2 = run(1, 12, 2, "boot-b", 1100, 1101)
        self.assertEqual(self.verdicts(), set())
        self.w2 = run(1, 12, 2, "boot-b", 1104, 1105)
        self.assert_found("host gone: restart within the lease")

    def test_a_job_that_never_ran_again_is_found(self):
        self.gone(1005)
        self.w2 = []
        self.assert_found("host gone: restarts elsewhere")

    def test_a_job_that_ran_again_on_the_lost_host_is_found_unless_that_was_back(self):
        self.w1 += run(1, 12, 2, "boot-a2", 1021, 1030)
        self.w2 = []
        self.final[0]["attempts"][1]["node"] = "w1"
        self.gone(1005)
        self.assert_found("host gone: restarts elsewhere")
        self.gone(1005, back_s=1015)
        self.assertEqual(self.verdicts(), set())

    def test_a_job_that_did_not_run_at_the_instant_of_a_trial_proves_nothing(self):
        self.gone(900)
        self.assert_found("host gone: restarts elsewhere")

    def test_a_run_that_was_repeated_when_fabricd_died_alone_is_found(self):
        self.trials = [{"trial": "fabricd_killed", "node": "w1", "at_ns": 1003 * S, "jobs": [1]}]
        self.assert_found("re-adopted")
        self.trials[0]["at_ns"] = 1025 * S
        self.assertEqual(self.verdicts(), set())
        self.w2 = run(1, 12, 2, "boot-b", 1021, 1030, ended=False)
        self.assert_found("re-adopted")

    def test_an_old_attempt_that_does_not_survive_the_schedulers_absence_is_found(self):
        self.trials = [{"trial": "scheduler_away", "from_ns": 1155 * S, "to_ns": 1215 * S, "jobs": [1]}]
        self.w2 = run(1, 12, 2, "boot-b", 1021, 1230)
        self.assertEqual(self.verdicts(), set())
        self.w2 = run(1, 12, 2, "boot-b", 1021, 1200)
        self.assert_found("scheduler away")
        self.w2 = run(1, 12, 2, "boot-b", 1030, 1230)
        self.assert_found("scheduler away")  # Only 125 s old: the trial says nothing.

    def test_a_scheduler_that_dispatches_late_or_never_is_found(self):
        self.trials = [{"trial": "scheduler_restarted", "queued": 100_000, "process_ns": 1019 * S,
                        "ready_ns": 1020 * S, "first_ns": 1020.9 * S}]
        self.assertEqual(self.verdicts(), set())
        self.trials[0]["first_ns"] = 1021.1 * S
        self.assert_found("scheduler restarted")
        self.trials[0]["first_ns"] = None
        self.assert_found("scheduler restarted")

    def test_leases_double_with_the_age(self):
        for age, length in ((0, 15), (14.9, 15), (15, 30), (31, 60), (130, 240), (10_000, 1200)):
            self.assertEqual(hosts_checks.lease_s(15, age), length)


if __name__ == "__main__":
    unittest.main()
