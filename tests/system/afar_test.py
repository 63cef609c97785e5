"""Jobs that run on another node than the scheduler's: their output, progress, cancellation and explanation, and how
they move between a fast lane on one node and a slow lane on another."""

import signal
import unittest

from cluster import ClusterTest
from harness import alive, eventually
from members_test import LONG
from modes_test import COUNTS, SLOW_AT_FIRST, WHO, lanes
from progress_test import at_percent

MIB = 1 << 20


class Asking(ClusterTest):
    def test_output_of_a_running_job_and_of_one_that_ended(self):
        c = self.cluster(("w1",))
        job = c.client.run(f"echo one; echo wrong >&2; {c.gate('a')}; echo two")
        c.started(job)
        eventually(lambda: c.client.fabric("logs", job, as_json=False).out == "one\n", "its output so far")
        self.assertEqual(c.client.fabric("logs", job, "--stderr", as_json=False).out, "wrong\n")
        following = c.client.background("logs", "--follow", job, as_json=False)
        self.assertEqual(following.stdout.readline(), "one\n")
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])
        out, err = following.communicate(timeout=30)
        self.assertEqual((following.returncode, out), (0, "two\n"), err)
        self.assertEqual(c.client.fabric("logs", job, as_json=False).out, "one\ntwo\n")

    def test_five_mebibytes_of_output(self):
        c = self.cluster(("w1",))
        job = c.client.run(f"yes 0123456789abcde | head -c {5 * MIB}; yes fedcba987654321 | head -c {5 * MIB} >&2")
        c.client.wait(job)
        for options, line in (((), b"0123456789abcde\n"), (("--stderr",), b"fedcba987654321\n")):
            self.assertEqual(self.raw(c, "logs", job, *options), line * (5 * MIB // 16))

    def raw(self, c, *words):
        """The bytes on stdout of a command that must succeed."""
        running = c.client.background(*words, as_json=False)
        out, err = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 0, err)
        return out.encode()

    def test_output_of_a_node_that_is_not_there(self):
        c = self.cluster(("w1",))
        job = c.client.run("echo hello")
        c.client.wait(job)
        c.workers["w1"].kill()
        c.until_lost("w1")
        answer = c.client.fabric("logs", job, "--patience", "0s", as_json=False)
        self.assertIn(answer.code, (3, 4, 5), answer)
        self.assertIn("w1", answer.out + answer.err)
        c.workers["w1"].start()
        self.assertEqual(c.client.fabric("logs", job, as_json=False).out, "hello\n")

    def test_output_of_a_node_that_does_not_answer(self):
        c = self.cluster(("w1",), config=LONG)
        job = c.client.run("echo hello")
        c.client.wait(job)
        c.workers["w1"].signal(signal.SIGSTOP)
        answer = c.client.fabric("logs", job, "--patience", "0s", as_json=False)
        c.workers["w1"].signal(signal.SIGCONT)
        self.assertEqual((answer.code, answer.out), (3, ""))
        self.assertIn("node w1", answer.err)

    def test_a_job_is_cancelled_where_it_runs(self):
        c = self.cluster(("w1",))
        job = c.client.run("sleep 1000 & trap '' TERM; wait; sleep 1000")
        _, pids = c.started(job)
        c.client.good("cancel", job)
        end = c.client.wait(job)
        self.assertEqual((end["state"], [a["outcome"] for a in end["attempts"]]), ("cancelled", ["cancelled"]))
        self.assertEqual([p for p in pids if alive(p)] + c.workers["w1"].job_processes(job), [])

    def test_progress_is_told_while_it_runs_and_afterwards(self):
        c = self.cluster(("w1",))
        job = c.client.run(f"echo '{{\"percent\": 42, \"message\": \"half\"}}' >&$FABRIC_PROGRESS_FD; {c.gate('a')}")
        said = at_percent(c.client, job, 42)
        self.assertEqual(said["message"], "half")
        c.workers["w1"].kill()
        c.workers["w1"].start()
        self.assertEqual(at_percent(c.client, job, 42)["message"], "half")
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])
        self.assertEqual(c.client.show(job)["attempts"][0]["report"]["progress"]["percent"], 42)

    def test_explain_names_the_node_of_a_running_job(self):
        c = self.cluster(("w1",))
        job = c.client.run(c.gate("a"))
        c.started(job)
        eventually(lambda: c.client.show(job)["state"] == "running", "it runs")
        why = c.client.good("explain", job)[0]["reasons"]
        self.assertEqual(why[0]["what"], "running")
        self.assertIn("w1", why[0]["text"])
        blocked = [c.client.run("true") for _ in range(3)]
        c.client.wait(*blocked)
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])


class Moving(ClusterTest):
    """The fast lane's only slot is on w1, the slow lane's on w2."""

    def apart(self, mode, other=None, **rest):
        return self.cluster(config=lanes(mode, other, **rest), own={
            "w1": {"node": {"workers": {"fast": 1, "slow": 0}}}, "w2": {"node": {"workers": {"fast": 0, "slow": 1}}}})

    def ways(self, c, job):
        """[(lane, node, outcome, saved)] of its attempts."""
        return [(a["lane"], a["node"], a["outcome"], a["saved"]) for a in c.client.show(job)["attempts"]]

    def test_restart_on_another_node(self):
        c = self.apart("restart")
        job = c.client.run(f"{SLOW_AT_FIRST}; echo done")
        end = c.client.wait(job)
        self.assertEqual(end["state"], "succeeded", end)
        self.assertEqual(self.ways(c, job), [("fast", "w1", "demoted", False), ("slow", "w2", "succeeded", False)])
        self.assertGreaterEqual(end["wasted_s"], 0.3)
        self.assertEqual(c.client.fabric("logs", job, as_json=False).out, "done\n")

    def test_resume_goes_on_with_what_was_saved_on_the_other_node(self):
        c = self.apart("resume")
        job = c.client.run(COUNTS)
        end = c.client.wait(job)
        self.assertEqual((end["state"], end["result"]), ("succeeded", {"n": 40}))
        self.assertEqual(self.ways(c, job), [("fast", "w1", "demoted", True), ("slow", "w2", "succeeded", False)])
        printed = [c.client.fabric("logs", job, "--attempt", a, as_json=False).out.split() for a in (1, 2)]
        self.assertEqual(printed[0] + printed[1], [str(i) for i in range(1, 41)])
        self.assertEqual(end["wasted_s"], 0)

    def test_a_job_starts_over_when_the_node_with_its_checkpoint_is_gone(self):
        c = self.apart("resume")
        blocker = c.client.run(c.gate("slow"), "--lane", "slow")
        c.started(blocker)
        job = c.client.run(COUNTS)
        eventually(lambda: c.client.outcomes(job)[:1] == ["demoted"], "it is demoted")
        c.workers["w1"].kill()
        c.until_lost("w1")
        c.open_gate("slow")
        end = c.client.wait(job)
        self.assertEqual((end["state"], end["result"]), ("succeeded", {"n": 40}))
        self.assertEqual(c.client.fabric("logs", job, as_json=False).out.split()[0], "1")
        self.assertGreater(end["wasted_s"], 0)
        self.assertIn("w1", c.client.events("started_over", job=job)[0]["text"])

    def test_carry_to_a_lane_without_slots_on_the_node_is_a_restart_elsewhere(self):
        c = self.apart("carry")
        job = c.client.run(SLOW_AT_FIRST)
        self.assertEqual(c.client.wait(job)["state"], "succeeded")
        self.assertEqual(self.ways(c, job), [("fast", "w1", "demoted", False), ("slow", "w2", "succeeded", False)])
        self.assertEqual(c.client.events("carried"), [])

    def test_carry_on_the_same_worker(self):
        c = self.cluster(config=lanes("carry"), worker_config={"node": {"workers": {"fast": 1, "slow": 1}}})
        jobs = [c.client.run(f"{c.gate('who')}; {WHO}") for _ in range(2)]
        found = {job: c.started(job) for job in jobs}
        for job in jobs:
            eventually(lambda j=job: c.client.show(j)["lane"] == "slow", f"job {job} is carried")
        self.assertEqual(self.finish(c, "who", *jobs), [["succeeded"]] * 2)
        for job, (name, pids) in found.items():
            end = c.client.show(job)
            self.assertEqual((end["result"], end["attempts"][0]["worker"], end["wasted_s"]),
                             ({"pid": pids[0], "fence": end["fence"]}, f"slow@{name}", 0))

    def test_overflow_from_a_slow_lane_on_one_node_to_a_fast_slot_on_another(self):
        c = self.apart("restart", policy="slow-first", fast={"budget": "1h"})
        jobs = [c.client.run(c.gate("a")) for _ in range(2)]
        for job in jobs:
            c.started(job)
        self.assertEqual(self.finish(c, "a", *jobs), [["succeeded"]] * 2)
        self.assertEqual(sorted(self.ways(c, jobs[0]) + self.ways(c, jobs[1])),
                         [("fast", "w1", "succeeded", False), ("slow", "w2", "succeeded", False)])


class Kept(ClusterTest):
    """What nodes keep of jobs, when the scheduler forgets them or an operator throws it away."""

    SAVES = """
        [ -e $FABRIC_CHECKPOINT_DIR/x ] && { echo '"old"' > $FABRIC_RESULT; exit 0; }
        [ $FABRIC_ATTEMPT = 1 ] || { echo '"fresh"' > $FABRIC_RESULT; exit 0; }
        mkdir -p $FABRIC_CHECKPOINT_DIR; echo x > $FABRIC_CHECKPOINT_DIR/x; exit 1"""

    def checkpoint(self, c, name, job):
        return c.workers[name].spool / "checkpoints" / str(job)

    def test_what_a_node_keeps_of_a_job_goes_with_the_job(self):
        c = self.cluster(("w1",), config={"store": {"retention": {"succeeded_count": 1}}})
        job = c.client.run("mkdir -p $FABRIC_CHECKPOINT_DIR; echo x > $FABRIC_CHECKPOINT_DIR/x")
        c.client.wait(job)
        self.assertTrue(self.checkpoint(c, "w1", job).exists())
        eventually(lambda: c.client.run("true") and not self.checkpoint(c, "w1", job).exists(), "it is gone")

    def test_everything_in_a_checkpoint_comes_along(self):
        c = self.cluster()
        job = c.client.run(f"""
            cd $FABRIC_CHECKPOINT_DIR 2>/dev/null && {{ sha256sum big >&2
              stat -c '%A %N' a/deep/x link >&2; echo 1 > $FABRIC_RESULT; exit 0; }}
            mkdir -p $FABRIC_CHECKPOINT_DIR/a/deep; cd $FABRIC_CHECKPOINT_DIR
            seq 700000 > big; echo x > a/deep/x; chmod 750 a/deep/x; ln -s a/deep/x link
            sha256sum big >&2; stat -c '%A %N' a/deep/x link >&2; {c.gate("a")}""")
        first = c.started(job)[0]
        eventually(lambda: c.client.fabric("logs", job, "--stderr", as_json=False).out.count("\n") == 3, "it has saved")
        c.client.good("drain", first, "--deadline", "0s")
        self.assertEqual(c.client.wait(job)["state"], "succeeded")
        self.assertEqual([a["outcome"] for a in c.client.show(job)["attempts"]], ["drained", "succeeded"])
        logs = [c.client.fabric("logs", job, "--stderr", "--attempt", n, as_json=False).out for n in (1, 2)]
        self.assertEqual(logs[0], logs[1])

    def test_a_job_that_is_reset_starts_over_on_another_node(self):
        c = self.cluster(("w1",))
        job = c.client.run(self.SAVES, "--max-attempts", 1)
        c.client.until(job, "buried")
        self.assertTrue(self.checkpoint(c, "w1", job).exists())
        c.client.good("reset", job)
        c.client.good("kick", job)
        self.assertEqual(c.client.wait(job)["result"], "fresh")

    def test_a_reset_holds_on_a_node_that_comes_back_after_the_job_ran_elsewhere(self):
        c = self.cluster(("w1",))
        job = c.client.run("""
            [ -e $FABRIC_CHECKPOINT_DIR/x ] && { echo '"old"' > $FABRIC_RESULT; exit 0; }
            [ $FABRIC_ATTEMPT = 3 ] && { echo '"fresh"' > $FABRIC_RESULT; exit 0; }
            [ $FABRIC_ATTEMPT = 1 ] && { mkdir -p $FABRIC_CHECKPOINT_DIR; echo x > $FABRIC_CHECKPOINT_DIR/x; }
            exit 1""", "--max-attempts", 1)
        c.client.until(job, "buried")
        c.workers["w1"].drain()
        c.client.good("reset", job)
        w2 = c.add_worker("w2")
        c.scheduler.admit(w2)
        w2.start()
        c.client.good("kick", job)
        eventually(lambda: c.client.outcomes(job) == ["failed", "failed"], "it ran on w2")
        w2.drain()
        c.workers["w1"].start()
        c.client.good("kick", job)
        self.assertEqual(c.client.wait(job)["result"], "fresh")


if __name__ == "__main__":
    unittest.main()
