"""Three ways to demote: `resume` from a checkpoint, `carry` of the running process, `restart` where nothing else can be
done; exit 85; `fabric reset`; and what all that throws away."""

import os
import time
import unittest

from harness import NodeTest, alive, eventually, read_bytes, shell_class


def lanes(mode, other=None, fast=None, slow=None, policy="fast-first", **rest):
    way = {"move_to": "slow", "mode": mode, "else": other}
    return {"lanes": [{"name": "fast", "slots": 1, "budget": "300ms", "grace": "5s", "on_timeout": way, **(fast or {})},
                      {"name": "slow", "slots": 1, "grace": "5s", **(slow or {})}],
            "routing": {"policy": policy}, **rest}


# Counts to 40, a number per line, and saves how far it came when it is asked to stop. The fast lane it never leaves by
# itself: there it stays at 20.
COUNTS = """
mkdir -p $FABRIC_CHECKPOINT_DIR
n=$(cat $FABRIC_CHECKPOINT_DIR/n 2>/dev/null || echo 0)
trap 'echo $n > $FABRIC_CHECKPOINT_DIR/n; exit 85' TERM
while [ $n -lt 40 ]; do
  if [ $FABRIC_LANE = fast ] && [ $n -ge 20 ]; then sleep 0.02; continue; fi
  n=$((n+1)); echo $n
done
echo "{\\"n\\": $n}" > $FABRIC_RESULT
"""

SLOW_AT_FIRST = '[ "$FABRIC_LANE" = slow ] || exec sleep 1000'

# Its result names its process and its fence.
WHO = """printf '{"pid": %s, "fence": %s}' $$ $FABRIC_FENCE > $FABRIC_RESULT"""


class Modes(NodeTest):
    def output(self, n, job, attempt):
        return n.fabric("logs", job, "--attempt", attempt, as_json=False).out.split()

    def in_lane(self, n, job, lane):
        eventually(lambda: n.show(job)["lane"] == lane, f"job {job} is in {lane}; {n.show(job)}\n{n.log()}")

    def runs_who(self, n, *options):
        """A job that waits for the gate and then tells who it is; its pid and details now that it runs."""
        job = n.run(f"{n.gate('who')}; {WHO}", *options)
        return job, n.started(job)[0], n.show(job)

    def assert_same(self, n, job, pid, first, lane="slow"):
        """The job ended in the attempt, the process and under the fence that it began with."""
        n.open_gate("who")
        end = n.wait(job)
        self.assertEqual(end["result"], {"pid": pid, "fence": first["fence"]}, n.log())
        self.assertEqual([(a["number"], a["lane"], a["outcome"]) for a in end["attempts"]], [(1, lane, "succeeded")])
        self.assertEqual((end["wasted_s"], end["lane"]), (0, lane))
        return end

    def held(self, n):
        return {w["lane"]: [h["job"] for h in w["held"]] for w in n.good("nodes")[0]["nodes"][0]["workers"]}


class Resume(Modes):
    def test_the_next_attempt_goes_on_where_the_first_was_stopped(self):
        n = self.node(lanes("resume"))
        job = n.run(COUNTS)
        end = n.wait(job)
        self.assertEqual((end["state"], end["lane"], end["result"]), ("succeeded", "slow", {"n": 40}))
        self.assertEqual([(a["lane"], a["outcome"], a["saved"]) for a in end["attempts"]],
                         [("fast", "demoted", True), ("slow", "succeeded", False)])
        printed = self.output(n, job, 1) + self.output(n, job, 2)
        self.assertEqual(printed, [str(i) for i in range(1, 41)])  # Nothing twice, nothing left out.
        self.assertEqual(end["wasted_s"], 0)
        self.assertIs(end["attempts"][0]["report"]["checkpoint_saved"], True)

    def test_what_saved_nothing_starts_over_and_its_work_is_counted_as_thrown_away(self):
        n = self.node(lanes("resume"))
        job = n.run(SLOW_AT_FIRST)
        end = n.wait(job)
        self.assertEqual([(a["outcome"], a["saved"]) for a in end["attempts"]],
                         [("demoted", False), ("succeeded", False)])
        self.assertGreaterEqual(end["wasted_s"], 0.3)
        told = n.good("lanes")[0]
        self.assertEqual(told["wasted_s"], {"classes": {"sh": end["wasted_s"]}, "nodes": {"n1": end["wasted_s"]}})
        self.assertEqual([lane["counts"]["wasted_s"] for lane in told["lanes"]], [end["wasted_s"], 0])
        self.assertIn("wasted by class: sh", n.fabric("lanes", as_json=False).out)
        self.assertIn("thrown away", n.fabric("show", job, as_json=False).out)

    def test_a_file_that_was_there_before_does_not_count_as_saved(self):
        n = self.node(lanes("resume"))
        job = n.run("""
            if [ $FABRIC_ATTEMPT = 1 ]; then mkdir -p $FABRIC_CHECKPOINT_DIR; echo x > $FABRIC_CHECKPOINT_DIR/x; exit 1; fi
            """ + SLOW_AT_FIRST)
        end = n.wait(job)
        self.assertEqual([(a["outcome"], a["saved"]) for a in end["attempts"]],
                         [("failed", False), ("demoted", False), ("succeeded", False)])

    def test_a_file_that_was_written_counts_without_exit_85(self):
        n = self.node(lanes("resume"))
        job = n.run("""
            [ $FABRIC_LANE = slow ] && exec cp $FABRIC_CHECKPOINT_DIR/deep/x $FABRIC_RESULT
            mkdir -p $FABRIC_CHECKPOINT_DIR/deep; echo 7 > $FABRIC_CHECKPOINT_DIR/deep/x; exec sleep 1000""")
        end = n.wait(job)
        self.assertEqual([(a["outcome"], a["saved"]) for a in end["attempts"]],
                         [("demoted", True), ("succeeded", False)])
        self.assertEqual((end["result"], end["wasted_s"]), (7, 0))

    def test_a_success_in_the_grace_is_a_success(self):
        n = self.node(lanes("resume"))
        end = n.wait(n.run("""trap 'echo 5 > $FABRIC_RESULT; exit 0' TERM; while :; do sleep 0.02; done"""))
        self.assertEqual((end["state"], end["lane"], end["result"], end["attempt"]), ("succeeded", "fast", 5, 1))

    def test_with_restart_what_was_saved_does_not_count(self):
        n = self.node(lanes("restart"))
        end = n.wait(n.run(COUNTS))
        self.assertEqual([(a["outcome"], a["saved"]) for a in end["attempts"]],
                         [("demoted", False), ("succeeded", False)])
        self.assertGreaterEqual(end["wasted_s"], 0.3)

    def test_a_class_may_be_demoted_in_another_way_than_the_lane_says(self):
        n = self.node(lanes("restart", classes={"gentle": shell_class(on_timeout={"mode": "resume"})}))
        end = n.wait(n.run(COUNTS, job_class="gentle"))
        self.assertEqual(([a["saved"] for a in end["attempts"]], end["wasted_s"]), ([True, False], 0))


class Checkpoints(Modes):
    def test_exit_85_runs_the_job_again_from_its_checkpoint(self):
        n = self.node()
        job = n.run("""
            mkdir -p $FABRIC_CHECKPOINT_DIR; n=$(($(cat $FABRIC_CHECKPOINT_DIR/n 2>/dev/null || echo 0) + 1))
            echo $n > $FABRIC_CHECKPOINT_DIR/n; [ $n -ge 5 ] || exit 85; echo $n > $FABRIC_RESULT""")
        end = n.wait(job)
        self.assertEqual([(a["outcome"], a["saved"]) for a in end["attempts"]],
                         [("checkpointed", True)] * 4 + [("succeeded", False)])
        self.assertEqual((end["result"], end["counts"]["checkpointed"], end["counts"]["failures"]), (5, 4, 0))

    def test_a_checkpointed_job_keeps_its_place(self):
        n = self.node({"lanes": [{"name": "fast", "slots": 1}]})
        job = n.run(f"[ $FABRIC_ATTEMPT = 2 ] && exit 0; {n.gate('go')}; exit 85")
        n.started(job)
        later = [n.run("true") for _ in range(2)]  # Its slot goes on to the first of them with its own end.
        n.open_gate("go")
        n.wait(job, *later)
        self.assertLess(n.show(job)["fence"], n.wait(later[1])["fence"])

    def test_a_checkpoint_outlives_a_failure_a_loss_and_a_drain_and_goes_with_the_job(self):
        n = self.node({"node": {"drain_timeout": "0s"}, "store": {"retention": {"succeeded_count": 1}}})
        job = n.run(f"""
            d=$FABRIC_CHECKPOINT_DIR; mkdir -p $d; echo $FABRIC_ATTEMPT >> $d/attempts
            case $FABRIC_ATTEMPT in 1) exit 1;; 2|3) exec sleep 1000;; esac
            tr '\\n' ' ' < $d/attempts > text; echo "\\"$(cat text)\\"" > $FABRIC_RESULT""")
        directory = n.spool / "checkpoints" / str(job)
        saved = lambda: read_bytes(directory / "attempts").split()
        eventually(lambda: len(saved()) == 2, "the second attempt has saved")
        n.kill_everything()
        n.start()
        eventually(lambda: len(saved()) == 3, "the third attempt has saved")
        n.drain()
        n.start()
        end = n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["failed", "lost", "drained", "succeeded"])
        self.assertEqual(end["result"].split(), ["1", "2", "3", "4"])
        self.assertTrue(directory.exists())
        n.wait(n.run("true"))
        eventually(lambda: n.run("true") and not directory.exists(), "the checkpoint is pruned with its job")


class Reset(Modes):
    SAVES_AND_FAILS = """
        [ -e $FABRIC_CHECKPOINT_DIR/x ] && { echo '"old"' > $FABRIC_RESULT; exit 0; }
        [ $FABRIC_ATTEMPT = 2 ] && { echo '"fresh"' > $FABRIC_RESULT; exit 0; }
        mkdir -p $FABRIC_CHECKPOINT_DIR; echo x > $FABRIC_CHECKPOINT_DIR/x; exit 1"""

    def test_a_reset_job_starts_over(self):
        n = self.node()
        kept, thrown = [n.run(self.SAVES_AND_FAILS, "--max-attempts", 1) for _ in range(2)]
        n.wait(kept, thrown)
        n.until(thrown, "buried")
        answer = n.fabric("reset", thrown)
        self.assertEqual((answer.code, answer.lines), (0, [{"id": thrown, "ok": True, "state": "buried"}]))
        n.good("kick", kept, thrown)
        self.assertEqual([n.wait(kept)["result"], n.wait(thrown)["result"]], ["old", "fresh"])
        eventually(lambda: not [e for e in os.listdir(n.spool / "checkpoints") if e.startswith(f"{thrown}")], "it is gone")
        self.assertEqual(len(n.events("reset", thrown)), 1)

    def test_a_running_job_is_not_reset(self):
        n = self.node()
        job = n.run(f"mkdir -p $FABRIC_CHECKPOINT_DIR; echo x > $FABRIC_CHECKPOINT_DIR/x; {n.gate('go')}")
        eventually(lambda: (n.spool / "checkpoints" / str(job) / "x").exists(), "it has saved")
        answer = n.fabric("reset", job)
        self.assert_refused(answer, "wrong_state", f"attempt 1 of job {job} runs", "cancel it")
        self.assertTrue((n.spool / "checkpoints" / str(job) / "x").exists())
        n.open_gate("go")
        n.wait(job)
        self.assertEqual(n.fabric("reset", job).code, 0)
        self.assertEqual(n.fabric("reset", 999999).code, n.fabric("kick", 999999).code)


class Carry(Modes):
    def test_the_process_keeps_running_in_the_other_lane(self):
        n = self.node(lanes("carry"))
        job, pid, first = self.runs_who(n)
        self.in_lane(n, job, "slow")
        now = n.show(job)
        self.assertEqual((now["state"], now["attempt"], now["fence"]), ("running", 1, first["fence"]))
        self.assertGreaterEqual(now["ran_before_s"], 0.3)
        eventually(lambda: self.held(n) == {"fast": [], "slow": [job]}, "the slow worker answers for it")
        self.assertEqual(n.wait(n.run("true"))["lane"], "fast")  # Its old slot is free,
        waits = n.run("true", "--lane", "slow")
        self.assertEqual(n.show(waits)["state"], "ready")  # its new one is not.
        end = self.assert_same(n, job, pid, first)
        self.assertEqual((end["counts"]["demoted"], end["reason"]), (1, None))
        self.assertEqual(n.wait(waits)["state"], "succeeded")
        told = n.events("carried", job)
        self.assertEqual([(e["lane"], e["attempt"]) for e in told], [("slow", 1)])
        self.assertIn("from fast", told[0]["text"])

    def test_without_a_free_slot_in_the_other_lane_the_next_way_is_gone(self):
        n = self.node(lanes("carry", ["resume", "restart"]))
        blocker = n.run(n.gate("blocker"), "--lane", "slow")
        n.started(blocker)
        job = n.run(COUNTS)
        eventually(lambda: n.outcomes(job) == ["demoted"], "it is stopped")
        n.open_gate("blocker")
        end = n.wait(job)
        self.assertEqual([(a["lane"], a["outcome"], a["saved"]) for a in end["attempts"]],
                         [("fast", "demoted", True), ("slow", "succeeded", False)])
        self.assertEqual((end["wasted_s"], n.events("carried")), (0, []))

    def test_a_carried_job_is_cancelled_like_any_other(self):
        n = self.node(lanes("carry"))
        job, pid, _ = self.runs_who(n)
        self.in_lane(n, job, "slow")
        n.good("cancel", job)
        end = n.wait(job)
        self.assertEqual((end["state"], [a["outcome"] for a in end["attempts"]]), ("cancelled", ["cancelled"]))
        self.assertFalse(alive(pid))

    def test_in_each_lane_the_budget_counts_anew(self):
        n = self.node({"lanes": [
            {"name": "fast", "budget": "200ms", "on_timeout": {"mode": "carry"}},
            {"name": "mid", "budget": "400ms", "on_timeout": {"mode": "carry"}},
            {"name": "slow"}]})
        job, pid, first = self.runs_who(n)
        self.in_lane(n, job, "mid")
        n.kill()
        n.start()
        self.in_lane(n, job, "slow")
        self.assertGreaterEqual(n.show(job)["ran_before_s"], 0.6)
        self.assertEqual(self.assert_same(n, job, pid, first)["counts"]["demoted"], 2)
        self.assertEqual([e["lane"] for e in n.events("carried", job)], ["mid", "slow"])

    def test_a_fast_slot_that_helped_gives_the_process_back_to_the_slow_lane(self):
        n = self.node(lanes("carry", policy="slow-first", fast={"budget": "1s"}))
        blocker = n.run(n.gate("blocker"))
        n.started(blocker)
        job, pid, first = self.runs_who(n)
        self.assertEqual((first["lane"], first["overflow_from"]), ("fast", "slow"))
        n.open_gate("blocker")
        self.in_lane(n, job, "slow")
        self.assertIsNone(n.show(job)["overflow_from"])
        self.assert_same(n, job, pid, first)

    def test_a_drain_hands_back_what_was_carried(self):
        n = self.node(lanes("carry", node={"drain_timeout": "0s"}, slow={"grace": "300ms"}))
        job, pid, _ = self.runs_who(n)
        self.in_lane(n, job, "slow")
        self.assertEqual(n.drain()[0], 0)
        self.assertFalse(alive(pid))
        n.start()
        n.open_gate("who")
        self.assertEqual([(a["lane"], a["outcome"]) for a in n.wait(job)["attempts"]],
                         [("slow", "drained"), ("slow", "succeeded")])


class CarryAndKill(Modes):
    """kill -9 of fabricd before, during and after a carry: the process goes on, under its fence."""

    def test_before(self):
        n = self.node(lanes("carry", fast={"budget": "2s"}))
        job, pid, first = self.runs_who(n)
        n.kill()
        n.start()
        self.assertEqual(n.show(job)["lane"], "fast")
        self.in_lane(n, job, "slow")
        self.assert_same(n, job, pid, first)

    def test_the_budget_ends_while_nobody_is_there(self):
        n = self.node(lanes("carry", fast={"budget": "1s"}))
        job, pid, first = self.runs_who(n)
        n.kill()
        time.sleep(1.2)  # Its budget passes.
        n.start()
        self.in_lane(n, job, "slow")
        self.assert_same(n, job, pid, first)

    def test_at_many_moments_around_it(self):
        n = self.node(lanes("carry", fast={"budget": "400ms"}))
        for late in range(0, 10):
            with self.subTest(late=late):
                (n.directory / "gate-who").unlink(missing_ok=True)
                job, pid, first = self.runs_who(n)
                wakes = time.monotonic() + 0.36 + late * 0.008
                while time.monotonic() < wakes:
                    time.sleep(0.001)
                n.kill()
                n.start()
                self.in_lane(n, job, "slow")
                self.assert_same(n, job, pid, first)

    def test_after(self):
        n = self.node(lanes("carry"))
        job, pid, first = self.runs_who(n)
        self.in_lane(n, job, "slow")
        n.kill()
        n.start()
        eventually(lambda: self.held(n) == {"fast": [], "slow": [job]}, "the slow worker answers for it again")
        n.detach_and_start()
        self.assertEqual((n.show(job)["state"], n.show(job)["lane"]), ("running", "slow"))
        self.assert_same(n, job, pid, first)


if __name__ == "__main__":
    unittest.main()
