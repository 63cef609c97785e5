"""Progress: what jobs say of it is shown while they run and kept after; floods and garbage hurt nobody; who says nothing
for too long is stopped."""

import unittest

from harness import SAILOR, NodeTest, SharedNodeTest, eventually, shell_class

ONCE = {"max_attempts": 1, "backoff": {"base": "1ms", "jitter": 0}}
SAIL = {"command": [SAILOR], **ONCE}


def progress(node, job):
    """What the job says now; None: nothing."""
    return node.show(job)["progress"]


def at_percent(node, job, percent):
    return eventually(lambda: (p := progress(node, job)) and p["percent"] == percent and p,
                      f"job {job} says that it is at {percent} %; it says {progress(node, job)}")


class Progress(SharedNodeTest):
    config = {"lanes": [{"name": "fast", "slots": 4, "grace": "300ms"}],
              "classes": {"sailor": SAIL,
                          "strict": {**SAIL, "limits": {"stall_timeout": "500ms"}},
                          "talker": shell_class(limits={"stall_timeout": "2s"}),
                          "sleep": {"handler": "sleep", "threads": "io"},
                          "dozer": {"handler": "sleep", "threads": "io", **ONCE, "limits": {"stall_timeout": "300ms"}}}}

    def sail(self, mode, job_class="sailor", **more):
        return self.n.submit(job_class, {"mode": mode, **more})

    def report(self, job):
        return self.n.show(job)["attempts"][-1]["report"]

    def test_a_running_job_shows_how_far_it_is(self):
        job = self.sail("progress", limit=12)
        said = at_percent(self.n, job, 12)
        self.assertEqual((said["message"], said["counters"], said["lines"]), ("at sea", {"miles": 120}, 12))
        self.assertGreaterEqual(said["age_s"], 0)
        page = self.n.fabric("show", job, as_json=False).out
        self.assertRegex(page, r"(?m)^  progress +12 %, at sea, miles 120 \((now|[0-9.]+ s ago)\)$")
        self.n.good("cancel", job)
        self.n.wait(job)
        self.assertIsNone(progress(self.n, job))
        self.assertEqual(self.report(job)["progress"]["percent"], 12)

    def test_a_shell_says_it_with_echo(self):
        job = self.n.run('echo 50 >&$FABRIC_PROGRESS_FD; echo half way >&$FABRIC_PROGRESS_FD; ' + self.n.gate("echo"))
        said = eventually(lambda: (p := progress(self.n, job)) and p["message"] and p, "the job has said it")
        self.assertEqual((said["percent"], said["message"]), (50, "half way"))
        self.n.open_gate("echo")
        self.assertEqual(self.n.wait(job)["state"], "succeeded")
        self.assertEqual(self.report(job)["progress"]["message"], "half way")

    def test_a_failed_job_keeps_what_it_said_last(self):
        end = self.n.wait(self.n.run('echo 7 >&$FABRIC_PROGRESS_FD; printf "no disk" >&$FABRIC_PROGRESS_FD; exit 3',
                                     "--max-attempts", 1))
        said = end["attempts"][0]["report"]["progress"]
        self.assertEqual((said["percent"], said["message"], said["lines"], said["kept"]), (7, "no disk", 2, 2))
        self.assertIn("progress: 7 %, no disk\n", self.n.fabric("show", end["id"], as_json=False).out)

    def test_a_job_that_says_nothing_has_no_progress(self):
        job = self.n.run(self.n.gate("quiet"))
        self.n.started(job)
        self.assertIsNone(progress(self.n, job))
        self.n.open_gate("quiet")
        self.assertIsNone(self.n.wait(job)["attempts"][0]["report"])

    def test_a_flood_blocks_neither_the_job_nor_others_and_little_of_it_is_kept(self):
        floods = [self.sail("babble", limit=32 << 20) for _ in range(2)]
        other = self.sail("progress", limit=5)
        at_percent(self.n, other, 5)
        self.n.good("cancel", other)
        for job in floods:
            end = self.n.wait(job)
            self.assertEqual(end["state"], "succeeded", end)
            attempt = end["attempts"][0]
            said = attempt["report"]["progress"]
            self.assertEqual((said["percent"], said["message"]), (99.5, "done talking"))
            self.assertGreater(said["lines"], 10_000_000)
            self.assertLessEqual(said["kept"], 10 * (int(attempt["run_time_s"]) + 1) + 1)

    def test_garbage_and_huge_lines_do_no_harm(self):
        job = self.sail("garble")
        self.assertEqual(self.n.wait(job)["state"], "succeeded")
        said = self.report(job)["progress"]
        self.assertEqual(said["percent"], 77)
        self.assertLessEqual(len((said["message"] or "").encode()), 200)
        self.assertNotRegex(said["message"] or "", r"[\x00-\x1f\x7f]")

    def test_what_a_job_leaves_behind_does_not_keep_it_from_ending(self):
        job = self.n.run('setsid sleep 1000 & echo 90 >&$FABRIC_PROGRESS_FD')
        self.assertEqual(self.n.wait(job)["state"], "succeeded")
        self.assertEqual(self.report(job)["progress"]["percent"], 90)
        self.assertEqual(self.n.job_processes(job), [])

    def test_a_job_that_hangs_has_timed_out_and_the_reason_says_since_when(self):
        job = self.sail("progress", "strict", limit=5)
        end = self.n.wait(job)
        attempt = end["attempts"][0]
        self.assertEqual((end["state"], attempt["outcome"]), ("buried", "timed_out"), end)
        reason = r"stopped: no progress: limits\.stall_timeout is 500ms, the last was [0-9]+m?s ago"
        self.assertRegex(end["reason"], reason)
        self.assertRegex(attempt["report"]["reason"], reason)
        self.assertRegex(self.n.fabric("show", job, as_json=False).out, reason)
        self.assertEqual((attempt["report"]["stopped"], attempt["report"]["progress"]["percent"]), ("stall", 5))
        self.assertEqual([r["name"] for r in attempt["report"]["limits"] if r["exceeded"]], ["stall_timeout"])

    def test_one_that_never_says_anything_has_timed_out_too(self):
        end = self.n.wait(self.sail("sleep", "strict"))
        self.assertEqual(end["attempts"][0]["outcome"], "timed_out", end)
        self.assertRegex(end["reason"], r"stall_timeout is 500ms, none since the start [0-9]+m?s ago")

    def test_a_job_that_keeps_talking_outlives_its_stall_timeout(self):
        """Empty lines are signs of life, too."""
        talk = 'for i in $(seq 25); do echo >&$FABRIC_PROGRESS_FD; sleep 0.1; done'
        end = self.n.wait(self.n.run(talk, job_class="talker"))
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["succeeded"], end)

    def test_the_progress_of_a_handler_is_shown(self):
        job = self.n.submit("sleep", {"for": "1h"})
        said = eventually(lambda: progress(self.n, job), "the handler has said something")
        self.assertEqual((said["percent"], said["message"]), (0, "sleeping"))
        self.assertRegex(self.n.fabric("show", job, as_json=False).out, r"(?m)^  progress +0 %, sleeping \(")
        self.n.good("cancel", job)
        self.n.wait(job)

    def test_a_handler_that_says_nothing_for_too_long_has_timed_out(self):
        end = self.n.wait(self.n.submit("dozer", {"for": "1h"}))
        self.assertEqual(end["attempts"][0]["outcome"], "timed_out", end)
        self.assertRegex(end["reason"], r"stall_timeout is 300ms, the last was [0-9]+m?s ago")


class ProgressOutlivesTheNode(NodeTest):
    def test_a_job_that_was_adopted_keeps_its_progress(self):
        n = self.node({"classes": {"sailor": SAIL}})
        job = n.submit("sailor", {"mode": "progress", "limit": 9})
        at_percent(n, job, 9)
        pid = n.started(job)
        n.kill()
        n.start()
        said = at_percent(n, job, 9)
        self.assertEqual((said["message"], said["counters"]), ("at sea", {"miles": 90}))
        self.assertEqual((n.started(job), n.show(job)["attempt"]), (pid, 1))

    def test_the_stall_timeout_is_kept_while_no_fabricd_is_there(self):
        n = self.node({"classes": {"sailor": {**SAIL, "limits": {"stall_timeout": "1s"}}}})
        job = n.submit("sailor", {"mode": "progress", "limit": 3})
        at_percent(n, job, 3)
        n.kill()
        eventually(lambda: n.end_in_ledger(job), "the keeper has ended the job")
        n.start()
        end = n.wait(job)
        self.assertEqual(end["attempts"][0]["outcome"], "timed_out", end)


if __name__ == "__main__":
    unittest.main()
