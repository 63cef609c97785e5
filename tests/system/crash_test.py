"""kill -9 of fabricd, the runner, a keeper, all of them: the rows of the crash table in the design (section 5).

Rows that cannot be hit from outside are covered where the instant can be chosen: "lane decided, lease not committed"
by actors/restart_test and libfabric/lane/loading_test, "end committed, not acknowledged" by libfabric/store/end_test
and libfabric/node/worker_test.
"""

import json
import os
import signal
import unittest

from harness import NodeTest, alive, eventually, read_bytes, start_ticks

SHORT_LEASE = {"lease": {"first": "3s", "max": "3s", "node_silence": "2s"}}


def age_s(pid):
    up = float(read_bytes("/proc/uptime").split()[0])
    return up - start_ticks(pid) / os.sysconf("SC_CLK_TCK")


class CrashTest(NodeTest):
    def watched(self, n, rest):
        """A script whose runs must not overlap: each holds a folder while it is alive, and tells if another does."""
        mine = f"{n.directory}/holder"
        return (f'if [ -e {mine} ] && [ -d /proc/$(cat {mine}) ] && grep -zq "FABRIC_JOB_ID=$FABRIC_JOB_ID" '
                f"/proc/$(cat {mine})/environ; then echo overlap >> {n.directory}/overlaps; fi; "
                f"echo $$ > {mine}; {rest}")

    def assert_no_overlap(self, n):
        self.assertFalse((n.directory / "overlaps").exists())

    def kill(self, *pids):
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


class Fabricd(CrashTest):
    def test_before_and_after_the_commit_of_a_job_the_client_repeats_with_its_key(self):
        """Rows 1 and 2: no job is lost, none is doubled (G1, G6), wherever the kill falls."""
        n = self.node()
        file = n.directory / "jobs.ndjson"
        count = 6000
        file.write_text("".join(json.dumps({"class": "sh", "input": {"run": "true"}, "delay": "1h",
                                            "idempotency_key": str(i)}) + "\n" for i in range(count)))
        client = n.background("submit", "--file", file)
        seen = [client.stdout.readline() for _ in range(512)]
        n.kill()
        n.start()
        rest, err = client.communicate()
        self.assertEqual(client.returncode, 0, err)
        ids = {json.loads(line)["id"] for line in seen + rest.splitlines()}
        self.assertEqual(len(ids), count)
        self.assertEqual(n.sql("select count(*) from jobs"), [(count,)])

    def test_without_a_key_what_was_acknowledged_is_there(self):
        """Row 2: the answer may be lost, the job is not."""
        n = self.node()
        job = n.run("true", "--delay", "300ms")
        n.kill()
        n.start()
        self.assertEqual(n.wait(job)["state"], "succeeded")

    def test_lease_committed_but_the_start_is_lost(self):
        """Row 4: the runner is frozen and never reads the order; the next one does not hold the fence, so the job is
        queued again at once, long before its lease is over, and no attempt counts."""
        n = self.node({"lease": {"first": "10m", "node_silence": "5m"}})
        n.wait(n.run("true"))
        runner, keepers = n.runner(), n.keepers()
        os.kill(runner, signal.SIGSTOP)
        job = n.run("true", "--max-attempts", 1)
        n.until(job, "running")
        n.kill()
        self.kill(runner, *keepers)
        n.start()
        end = n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["lost", "succeeded"])
        self.assertEqual((end["counts"]["lost"], end["counts"]["failures"]), (0, 0))

    def test_a_running_job_is_taken_over_with_its_run_time(self):
        """Row 5: same process, same attempt, same fence; its budget goes on where it was."""
        n = self.node()
        job = n.run(self.watched(n, n.gate("a") + "; echo 1 > $FABRIC_RESULT"))
        pid = n.started(job)[0]
        began, fence = start_ticks(pid), n.show(job)["fence"]
        for _ in range(3):
            n.kill()
            n.start()
            self.assertEqual(start_ticks(pid), began)
        n.open_gate("a")
        end = n.wait(job)
        self.assertEqual((end["state"], end["result"], end["fence"], len(end["attempts"])), ("succeeded", 1, fence, 1))
        self.assert_no_overlap(n)

    def test_the_budget_counts_over_a_restart(self):
        """A budget that began anew with the restart would end at 10 s of run time."""
        n = self.node({"lanes": [{"name": "fast", "budget": "6s", "grace": "300ms"}, {"name": "slow"}]})
        job = n.run('[ "$FABRIC_LANE" = slow ] || exec sleep 1000')
        pid = n.started(job)[0]
        eventually(lambda: age_s(pid) >= 4, "the job has run for 4 s")
        n.kill()
        n.start()
        end = n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["demoted", "succeeded"])
        self.assertGreaterEqual(end["attempts"][0]["run_time_s"], 6)
        self.assertLess(end["attempts"][0]["run_time_s"], 9)

    def test_a_job_that_ends_without_fabricd_is_reported_by_the_runner(self):
        """Row 6: exited, end not committed."""
        n = self.node()
        job = n.run(n.gate("a") + "; echo 2 > $FABRIC_RESULT")
        pids = n.started(job)
        n.kill()
        n.open_gate("a")
        eventually(lambda: not [p for p in pids if alive(p)], "the job has ended")
        n.start()
        end = n.wait(job)
        self.assertEqual((end["state"], end["result"], len(end["attempts"])), ("succeeded", 2, 1))

    def test_a_job_that_ends_without_fabricd_and_then_the_runner_dies_too(self):
        """Row 6: the runner's ledger has the end."""
        n = self.node()
        job = n.run(n.gate("a") + "; echo 3 > $FABRIC_RESULT")
        pids, runner = n.started(job), n.runner()
        n.kill()
        n.open_gate("a")
        eventually(lambda: n.end_in_ledger(job), "the keeper has written the end down")
        self.assertFalse([p for p in pids if alive(p)])
        self.kill(runner, *n.keepers())
        n.start()
        end = n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["succeeded"])
        self.assertEqual((end["state"], end["result"]), ("succeeded", 3))

    def test_killed_in_the_grace_period_of_a_demotion(self):
        """Row 8: budget over, tree not yet proved gone; the runner ends it, the next fabricd demotes once."""
        n = self.node({"lanes": [{"name": "fast", "budget": "200ms", "grace": "1500ms"}, {"name": "slow"}]})
        job = n.run(self.watched(n, self.stubborn(n)))
        n.started(job)
        self.until_signalled(n)
        n.kill()
        n.start()
        end = n.wait(job)
        self.assertEqual([(a["lane"], a["outcome"]) for a in end["attempts"]],
                         [("fast", "demoted"), ("slow", "succeeded")])
        self.assert_no_overlap(n)

    @staticmethod
    def stubborn(n):
        """Says that it was asked to stop, and goes on; in the slow lane it ends at once."""
        return (f'[ "$FABRIC_LANE" = slow ] && exit 0; trap "touch {n.directory}/signalled" TERM; '
                "while :; do sleep 0.1; done")

    @staticmethod
    def until_signalled(n):
        eventually((n.directory / "signalled").exists, "the soft signal")

    def test_killed_between_the_end_of_the_tree_and_the_move(self):
        """Row 9: fabricd is frozen while the runner kills the tree, and dies before it can commit the move."""
        n = self.node({"lanes": [{"name": "fast", "budget": "300ms", "grace": "700ms"}, {"name": "slow"}]})
        job = n.run(self.watched(n, self.stubborn(n)))
        pids = n.started(job)
        self.until_signalled(n)
        n.signal(signal.SIGSTOP)
        eventually(lambda: not n.job_processes(job), "the runner has ended the tree")
        n.kill()
        self.assertFalse([p for p in pids if alive(p)])
        n.start()
        end = n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["demoted", "succeeded"])
        self.assertEqual((end["lane"], end["counts"]["demoted"]), ("slow", 1))

    def test_frozen_beyond_the_lease_the_keeper_ends_the_job_and_it_runs_again(self):
        """G3: two clocks. Nobody renews, so the keeper kills the tree at the lease's end; only then it runs again."""
        n = self.node(SHORT_LEASE)
        job = n.run(self.watched(n, "[ $FABRIC_ATTEMPT = 2 ] || exec sleep 1000"), "--max-attempts", 1)
        n.started(job)
        n.signal(signal.SIGSTOP)
        eventually(lambda: not n.job_processes(job), "the lease has ended and the job with it")
        n.signal(signal.SIGCONT)
        end = n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["lost", "succeeded"])
        self.assertEqual((end["counts"]["lost"], end["counts"]["failures"]), (1, 0))
        self.assert_no_overlap(n)

    def test_dead_beyond_the_lease(self):
        n = self.node(SHORT_LEASE)
        job = n.run(self.watched(n, "[ $FABRIC_ATTEMPT = 2 ] || exec sleep 1000"))
        n.started(job)
        n.kill()
        eventually(lambda: not n.job_processes(job), "the lease has ended and the job with it")
        n.start()
        self.assertEqual([a["outcome"] for a in n.wait(job)["attempts"]], ["lost", "succeeded"])
        self.assert_no_overlap(n)


class RunnerAndKeepers(CrashTest):
    def test_a_dead_keeper_s_job_is_killed_and_runs_again(self):
        n = self.node()
        job = n.run(self.watched(n, "[ $FABRIC_ATTEMPT = 2 ] || { setsid sleep 1000 & exec sleep 1000; }"))
        pids = eventually(lambda: (p := n.job_processes(job)) and len(p) == 2 and p, "the job and its stray")
        self.kill(*n.keepers())
        end = n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["lost", "succeeded"])
        self.assertEqual((end["counts"]["lost"], end["counts"]["failures"]), (1, 0))
        self.assertFalse([p for p in pids if alive(p)])
        self.assert_no_overlap(n)

    def test_a_frozen_keeper_is_killed_when_the_lease_ends_and_that_is_said_once(self):
        n = self.node(SHORT_LEASE)
        job = n.run(self.watched(n, "[ $FABRIC_ATTEMPT = 2 ] || exec sleep 1000"))
        n.started(job)
        for keeper in n.keepers():
            os.kill(keeper, signal.SIGSTOP)
        n.signal(signal.SIGSTOP)
        eventually(lambda: not n.job_processes(job), "the lease has ended and the job with it")
        n.signal(signal.SIGCONT)
        self.assertEqual([a["outcome"] for a in n.wait(job)["attempts"]], ["lost", "succeeded"])
        self.assertEqual(n.log().count(f"the keeper of job {job} is frozen"), 1, n.log())
        self.assert_no_overlap(n)

    def test_a_dead_runner_is_started_again_and_its_jobs_run_again(self):
        n = self.node()
        job = n.run(self.watched(n, "[ $FABRIC_ATTEMPT = 2 ] || exec sleep 1000"))
        pids, runner = n.started(job), n.runner()
        self.kill(runner)
        end = n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["lost", "succeeded"])
        self.assertFalse([p for p in pids if alive(p)])
        self.assertNotEqual(n.runner(), runner)
        self.assert_no_overlap(n)

    def test_a_job_that_dies_with_its_keepers_five_times_is_buried(self):
        n = self.node()
        job = n.run("exec sleep 1000")
        def runs():
            """fabricd knows that it has started, so its keeper knew too."""
            workers = n.good("nodes")[0]["nodes"][0]["workers"]
            return any(h["job"] == job and h["ran_s"] > 0 for w in workers for h in w["held"])
        for lost in range(5):
            # A start may be refused in between, while the slot waits for its new keeper; that is not counted.
            eventually(lambda: n.show(job)["counts"]["lost"] == lost and runs(), "it runs again")
            self.kill(*n.keepers())
        end = n.wait(job)
        self.assertEqual((end["state"], end["counts"]["lost"]), ("buried", 5))
        self.assertIn("lost 5 times", end["reason"])
        self.assertEqual(n.wait(n.run("true"))["state"], "succeeded")  # The node still works.

    def test_a_frozen_runner_changes_nothing_for_what_runs(self):
        n = self.node()
        job = n.run(n.gate("a") + "; echo 4 > $FABRIC_RESULT")
        n.started(job)
        os.kill(n.runner(), signal.SIGSTOP)
        n.open_gate("a")
        eventually(lambda: not n.job_processes(job), "the job has ended")
        os.kill(n.runner(), signal.SIGCONT)
        end = n.wait(job)
        self.assertEqual((end["result"], len(end["attempts"])), (4, 1))

    def test_runner_and_keepers_at_once(self):
        n = self.node()
        job = n.run(self.watched(n, "[ $FABRIC_ATTEMPT = 2 ] || exec sleep 1000"))
        pids = n.started(job)
        self.kill(n.runner(), *n.keepers())
        end = n.wait(job)
        self.assertEqual([a["outcome"] for a in end["attempts"]], ["lost", "succeeded"])
        self.assertFalse([p for p in pids if alive(p)])
        self.assert_no_overlap(n)


class Everything(CrashTest):
    def test_all_at_once_sweeps_what_is_left_before_it_runs_again(self):
        """fabricd, runner and keepers die in one blow; the job is left to itself until the next start."""
        n = self.node()
        jobs = [n.run("[ $FABRIC_ATTEMPT = 2 ] || { setsid sleep 1000 & exec sleep 1000; }") for _ in range(2)]
        ready = [n.run("true") for _ in range(5)]
        pids = []
        for job in jobs:
            pids += eventually(lambda: (p := n.job_processes(job)) and len(p) == 2 and p, "the job and its stray")
        together = [n.process.pid, n.runner(), *n.keepers()]
        for pid in together:
            os.kill(pid, signal.SIGSTOP)  # So that none sees another die.
        self.kill(*together)
        n.end()
        eventually(lambda: not n.keepers(), "the keepers are gone")
        self.assertTrue([p for p in pids if alive(p)])
        n.start()
        for job in jobs:
            self.assertEqual([a["outcome"] for a in n.wait(job)["attempts"]], ["lost", "succeeded"])
        self.assertFalse([p for p in pids if alive(p)])
        for job in ready:
            self.assertEqual([a["outcome"] for a in n.wait(job)["attempts"]], ["succeeded"])

    def test_with_the_jobs_too(self):
        """As when the machine's power fails, but for the boot id."""
        n = self.node()
        jobs = [n.run("[ $FABRIC_ATTEMPT = 2 ] || exec sleep 1000") for _ in range(2)]
        later = n.run("true", "--delay", "500ms")
        for job in jobs:
            n.started(job)
        n.kill_everything()
        n.start()
        for job in jobs:
            self.assertEqual([a["outcome"] for a in n.wait(job)["attempts"]], ["lost", "succeeded"])
        self.assertEqual([a["outcome"] for a in n.wait(later)["attempts"]], ["succeeded"])

    def test_finished_jobs_keep_their_results(self):
        """G4."""
        n = self.node()
        jobs = [n.run(f"echo {i} > $FABRIC_RESULT") for i in range(20)]
        n.wait(*jobs)
        before = [n.show(j) for j in jobs]
        n.kill_everything()
        n.start()
        self.assertEqual([n.show(j) for j in jobs], before)
        self.assertEqual([j["result"] for j in before], list(range(20)))


if __name__ == "__main__":
    unittest.main()
