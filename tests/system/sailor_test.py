"""The drunken sailor: every way to misbehave ends with the right outcome, and nothing stays behind."""

import json
import os
import unittest

from harness import SAILOR, SharedNodeTest, alive, base_config, eventually, processes

FAST_RETRY = {"base": "1ms", "jitter": 0}


class Sailor(SharedNodeTest):
    """One node with the sailor as a class; its mode comes as the job's input."""

    config = {"lanes": [{"name": "fast", "slots": 2, "grace": "200ms"}],
              "classes": {"sailor": {"command": [SAILOR], "backoff": FAST_RETRY},
                          "tipsy": {"command": [SAILOR, "exit", "{input.code}"], "backoff": FAST_RETRY},
                          "short": {"command": [SAILOR], "backoff": FAST_RETRY, "limits": {"wall": "300ms"}},
                          "terse": {"command": [SAILOR], "backoff": FAST_RETRY, "limits": {"output": "64KiB"}}}}

    def sail(self, mode, *options, job_class="sailor", **more):
        return self.n.submit(job_class, {"mode": mode, **more}, *options)

    def end_of(self, *args, **kwargs):
        return self.n.wait(self.sail(*args, **kwargs))

    def assert_buried(self, end, outcome, reason):
        """Three attempts with this outcome, each with a report that says why."""
        self.assertEqual(end["state"], "buried")
        self.assertEqual(end["reason"], f"failed 3 times: {reason}")
        self.assertEqual([a["outcome"] for a in end["attempts"]], [outcome] * 3)
        for a in end["attempts"]:
            self.assertEqual((a["report"]["cause"], a["report"]["reason"]), (outcome, reason))

    def spool_of(self, job, attempt):
        return self.n.spool / f"{job % 256:02x}" / f"{job}.{attempt}"

    def test_ok_leaves_a_result(self):
        end = self.end_of("ok")
        self.assertEqual((end["state"], end["result"]), ("succeeded", {"sailor": "sober", "rum": 0}))

    def test_a_wrong_exit_code_fails(self):
        end = self.end_of("exit", code=42)
        self.assert_buried(end, "failed", "exit code 42")
        self.assertEqual(end["attempts"][0]["report"]["exit_code"], 42)

    def test_the_code_may_be_an_argument(self):
        self.assert_buried(self.n.wait(self.n.submit("tipsy", {"code": 3})), "failed", "exit code 3")

    def test_a_crash_is_told_from_a_failure(self):
        end = self.end_of("crash")
        self.assert_buried(end, "crashed", "killed by SIGSEGV")
        report = end["attempts"][0]["report"]
        self.assertEqual((report["signal"], report["exit_code"]), (11, None))
        self.assert_buried(self.end_of("crash", signal=9), "crashed", "killed by SIGKILL")

    def test_failures_and_crashes_and_time_outs_share_the_attempts(self):
        job = self.n.run('case $FABRIC_ATTEMPT in 1) exit 1;; 2) kill -9 $$;; 3) exit 2;; esac')
        end = self.n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["failed", "crashed", "failed"])
        self.assertEqual(end["counts"]["failures"], 3)

    def test_an_endless_loop_is_over_the_wall_time(self):
        end = self.end_of("spin", job_class="short")
        self.assert_buried(end, "timed_out", "stopped: over the wall-time limit")
        report = end["attempts"][0]["report"]
        self.assertEqual((report["stopped"], report["signal"]), ("wall", 15))
        self.assertGreater(report["usage"]["user_us"], 0)

    def test_sleeping_for_ever_is_ended_by_a_cancel(self):
        job = self.sail("sleep")
        pids = self.n.started(job)
        self.n.good("cancel", job)
        self.assertEqual(self.n.wait(job)["state"], "cancelled")
        self.assertFalse([p for p in pids if alive(p)])

    def test_ignoring_sigterm_only_lasts_for_the_grace_period(self):
        job = self.sail("ignore-term")
        eventually(lambda: "ignoring" in self.n.fabric("logs", job).out, "the sailor ignores SIGTERM")
        self.n.good("cancel", job)
        end = self.n.wait(job)
        self.assertEqual((end["state"], end["attempts"][0]["outcome"]), ("cancelled", "cancelled"))
        report = end["attempts"][0]["report"]
        self.assertEqual(report["signal"], 9)
        self.assertEqual([t["what"] for t in report["timeline"]][2:4],
                         ["asked to stop: cancel", "killed: the grace period is over"])

    def test_a_memory_hog_s_peak_is_reported(self):
        end = self.end_of("hog", job_class="short", limit=48 << 20)
        self.assert_buried(end, "timed_out", "stopped: over the wall-time limit")
        self.assertGreater(end["attempts"][-1]["report"]["memory_peak"]["bytes"], 48 << 20)

    def test_a_flood_is_capped_and_head_and_tail_are_kept(self):
        job = self.sail("flood", job_class="terse", limit=32 << 20)
        self.assertEqual(self.n.wait(job)["state"], "succeeded")
        for name in ("stdout", "stderr"):
            kept = os.stat(self.spool_of(job, 1) / name).st_blocks * 512
            self.assertLessEqual(kept, 128 << 10)
            self.assertGreater(kept, 0)
        text = "".join(piece["text"] for piece in self.n.good("logs", job))
        self.assertTrue(text.startswith("~~~~") and text.endswith("~~~\n"))

    def assert_nothing_stays(self, mode, mark):
        seconds = float(mark)
        end = self.end_of(mode, seconds=seconds)
        self.assertEqual(end["state"], "succeeded")
        self.assertIn("left", end["result"])
        self.assertEqual([p for p in processes(f"{seconds:.6f}") if alive(p)], [])

    def test_a_stray_with_its_own_session_and_no_environment_is_found_and_killed(self):
        self.assert_nothing_stays("stray", "86411.25")

    def test_a_background_process_is_killed_when_the_main_one_ends(self):
        job = self.sail("background", seconds=86412.5)
        end = self.n.wait(job)
        self.assertEqual((end["state"], end["result"]), ("succeeded", {"left": "a background process"}))
        self.assertEqual(self.n.job_processes(job), [])

    def test_the_report_counts_what_was_left_behind(self):
        end = self.n.wait(self.n.run("sleep 1000 & sleep 1000 & exit 1", "--max-attempts", 1))
        self.assertEqual(end["attempts"][0]["report"]["leftovers_killed"], 2)

    def test_half_a_result_is_bad_and_kept_to_look_at(self):
        job = self.sail("half-result")
        end = self.n.wait(job)
        self.assertEqual(end["state"], "buried")
        self.assertTrue(end["attempts"][0]["report"]["reason"].startswith("bad_result"), end)
        raw = (self.spool_of(job, 1) / "result.json").read_text()
        self.assertEqual(raw, '{"sailor": "drunk", "rum": [1, 2,')

    def test_a_random_voyage_tells_its_seed_and_can_be_repeated(self):
        tells = set()
        for _ in range(2):
            job = self.sail("random", "--max-attempts", 1, job_class="short", seed=4, seconds=0.1, limit=1 << 20)
            self.n.wait(job)
            tells.add(json.dumps([p["text"] for p in self.n.good("logs", "--stderr", job)])[:24])
        self.assertEqual(len(tells), 1)
        self.assertIn("seed 4: ", tells.pop())

    def test_an_unknown_mode_is_exit_code_64(self):
        end = self.end_of("sing", "--max-attempts", 1)
        self.assertIn("exit code 64", end["reason"])
        self.assertIn("no such mode", end["attempts"][0]["report"]["stderr"]["tail"])

    def test_exit_code_85_runs_again_from_its_checkpoint(self):
        job = self.n.run('mkdir -p $FABRIC_CHECKPOINT_DIR; cd $FABRIC_CHECKPOINT_DIR; '
                         'echo x >> saved; [ $(wc -l < saved) -ge 4 ] || exit 85')
        end = self.n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["checkpointed"] * 3 + ["succeeded"])
        self.assertEqual((end["state"], end["counts"]["checkpointed"], end["counts"]["failures"]), ("succeeded", 3, 0))


class Defaults(unittest.TestCase):
    def test_the_shared_config_names_the_programs_under_test(self):
        self.assertTrue(os.access(SAILOR, os.X_OK), f"{SAILOR}: set FABRIC_BIN to the folder of the programs")
        self.assertIn("sh", base_config()["classes"])


if __name__ == "__main__":
    unittest.main()
