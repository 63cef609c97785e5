"""Members of a cell die, stop, are drained and are replaced under running jobs; nothing is lost, and no attempt is used
up by a planned stop. With hosts of their own, and their deaths: cell_deaths_test.py."""

import contextlib
import os
import re
import shutil
import signal
import unittest

from cluster import ClusterTest
from harness import DEADLINE_S, alive, eventually

LONG = {"lease": {"first": "15s", "node_silence": "10s"}}
HOUR = {"lease": {"first": "1h", "max": "1h", "node_silence": "30m"}}  # What happens is not the end of a lease.


class Dying(ClusterTest):
    def running(self, c, *options):
        job = c.client.run(c.gate("a"), *options)
        name, pids = c.started(job)
        eventually(lambda: c.client.show(job)["state"] == "running", "it runs")
        return job, c.workers[name], pids

    def test_fabricd_of_a_worker_is_killed_and_the_next_one_takes_its_job_over(self):
        c = self.cluster(("w1",))
        job, worker, pids = self.running(c)
        fence = c.client.show(job)["fence"]
        for _ in range(3):
            worker.kill()
            worker.start()
        eventually(lambda: c.known()["w1"]["held"] == 1, "it is held")
        self.assertEqual(worker.job_processes(job)[0], pids[0])
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])
        self.assertEqual(c.client.show(job)["fence"], fence)

    def test_a_job_that_ends_while_its_fabricd_is_dead_keeps_its_result(self):
        c = self.cluster(("w1",), config=LONG)
        job = c.client.run(c.gate("a") + "; echo 7 > $FABRIC_RESULT")
        _, pids = c.started(job)
        c.workers["w1"].kill()
        c.open_gate("a")
        eventually(lambda: not any(alive(p) for p in pids), "it has ended")
        c.workers["w1"].start()
        end = c.client.wait(job)
        self.assertEqual((end["result"], [a["outcome"] for a in end["attempts"]]), (7, ["succeeded"]))

    def test_fabricd_is_killed_with_its_runner_and_the_job_runs_again(self):
        c = self.cluster(("w1",), config=LONG)
        job, worker, pids = self.running(c)
        for pid in (worker.process.pid, *worker.helpers("fabric-runner"), *worker.keepers()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        worker.end()
        worker.start()
        eventually(lambda: not any(alive(p) for p in pids), "the old processes are gone")
        eventually(lambda: c.client.show(job)["attempt"] == 2, "it is leased again, long before its lease would end", 9)
        self.assertEqual(self.finish(c, "a", job), [["lost", "succeeded"]])

    def test_a_worker_that_does_not_come_back_has_its_job_run_elsewhere(self):
        c = self.cluster()
        job, worker, pids = self.running(c)
        worker.kill_everything()
        other = c.started_elsewhere(job, worker.directory.name)
        self.assertNotEqual(other, worker.directory.name)
        self.assertEqual(self.finish(c, "a", job), [["lost", "succeeded"]])
        self.assertEqual(c.client.show(job)["counts"]["lost"], 1)

    def test_the_runner_of_a_worker_outlives_its_lease_and_stops_what_it_holds(self):
        c = self.cluster(("w1",))
        _, worker, pids = self.running(c)
        worker.kill()
        eventually(lambda: not any(alive(p) for p in pids), "its runner ended what had no lease")

    def test_the_schedulers_fabricd_is_killed_and_the_job_goes_on(self):
        c = self.cluster(config=LONG)
        job, worker, pids = self.running(c)
        c.scheduler.kill()
        c.scheduler.start()
        c.until_joined("w1", "w2")
        self.assertEqual(worker.job_processes(job)[0], pids[0])
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])

    def test_the_scheduler_stands_still_for_less_than_a_lease(self):
        c = self.cluster(config=LONG)
        job, worker, pids = self.running(c)
        c.scheduler.signal(signal.SIGSTOP)
        eventually(lambda: "lost the cell" in worker.log(), "nobody hears it any more")
        c.scheduler.signal(signal.SIGCONT)
        c.until_joined("w1", "w2")
        self.assertEqual(worker.job_processes(job)[0], pids[0])
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])

    def test_a_result_that_came_while_the_scheduler_was_dead_is_accepted(self):
        c = self.cluster(("w1",), config=LONG)
        job = c.client.run(c.gate("a") + "; echo 7 > $FABRIC_RESULT")
        _, pids = c.started(job)
        eventually(lambda: c.client.show(job)["state"] == "running", "it runs")
        c.scheduler.kill()
        c.open_gate("a")
        eventually(lambda: not any(alive(p) for p in pids), "it has ended")
        c.scheduler.start()
        end = c.client.wait(job)
        self.assertEqual((end["result"], [a["outcome"] for a in end["attempts"]]), (7, ["succeeded"]))

    def test_all_fabricds_are_killed_at_once(self):
        c = self.cluster(config=LONG)
        jobs = [c.client.run(c.gate("a")) for _ in range(4)]
        found = {job: c.started(job) for job in jobs}
        for node in c.nodes():
            node.signal(signal.SIGKILL)
        for node in c.nodes():
            node.end()
        for worker in c.workers.values():
            worker.launch()  # They come first, and wait for the scheduler.
        c.scheduler.start()
        for worker in c.workers.values():
            worker.until_ready()
        for job, (name, pids) in found.items():
            self.assertEqual(c.workers[name].job_processes(job)[0], pids[0])
        self.assertEqual(self.finish(c, "a", *jobs), [["succeeded"]] * 4)


class Differing(ClusterTest):
    """A worker joins that holds another thing than the cell believes. Leases last for hours: it is its hello that
    tells."""

    def test_what_the_cell_expects_and_the_worker_does_not_hold_is_leased_again_at_once(self):
        c = self.cluster(("w1",), config=HOUR)
        worker = c.workers["w1"]
        job = c.client.run(c.gate("a"))
        c.started(job)
        eventually(lambda: c.client.show(job)["state"] == "running", "it runs")
        worker.kill_everything()
        for left in [*worker.data.glob("runner.*"), worker.spool]:  # Else its runner would tell that it is lost.
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        worker.start()
        eventually(lambda: c.client.show(job)["attempt"] == 2, "it is leased again")
        c.started(job)
        self.assertEqual(self.finish(c, "a", job), [["lost", "succeeded"]])
        self.assertEqual([e["text"] for e in c.client.events("lost", job)], ["node w1 does not hold it"])

    def test_what_the_worker_holds_and_the_store_has_forgotten_is_stopped_and_no_result_is_taken(self):
        for older_copy in (True, False):
            with self.subTest(older_copy=older_copy):
                self.forgotten(older_copy)

    def forgotten(self, older_copy):
        """The scheduler's store is put back, or emptied. It gives the same fences again, and when emptied the same ids,
        too; see docs/design.md: those are over on another worker when the one comes that holds them."""
        c = self.cluster(("w1",), proxied=("w1",), config=HOUR)
        w1 = c.workers["w1"]
        if older_copy:
            copy = c.directory / "copy.db"
            c.client.wait(c.client.run("true"))
            c.client.good("store", "backup", copy, "--data", c.scheduler.data)
        runs, ends = (c.client.run(f"{c.gate(gate)}; echo 1 > $FABRIC_RESULT") for gate in "ab")
        for job in (runs, ends):
            c.started(job)
        c.proxies["w1"].refuse()
        c.scheduler.kill()
        c.open_gate("b")
        eventually(lambda: w1.end_in_ledger(ends), "it has ended, and nobody was told")
        for file in c.scheduler.data.glob("store.db*"):
            file.unlink()
        if older_copy:
            copy.rename(c.scheduler.data / "store.db")
        c.scheduler.start()
        w2 = c.add_worker("w2")
        c.scheduler.admit(w2)
        w2.start()
        others = [c.client.run("true") for _ in range(4)]
        c.client.wait(*others)
        c.client.good("drain", "w2")
        self.assertTrue(w1.job_processes(runs))

        c.proxies["w1"].heal()
        c.until_joined("w1")
        eventually(lambda: not w1.job_processes(), "it is stopped")
        eventually(lambda: not any(w1.end_in_ledger(job) for job in (runs, ends)), "their ends are forgotten")
        eventually(lambda: not any(w["held"] for w in c.known()["w1"]["workers"]), "nothing is held")
        both = [c.client.run(f"{c.gate('c')}; echo 2 > $FABRIC_RESULT") for _ in range(2)]  # As many as it has slots.
        for job in both:
            self.assertEqual(c.started(job)[0], "w1")
        self.assertEqual(self.finish(c, "c", *both), [["succeeded"]] * 2)
        self.assertEqual([c.client.show(job)["result"] for job in both], [2, 2])
        for job in others:
            end = c.client.show(job)
            self.assertEqual(([(a["node"], a["outcome"]) for a in end["attempts"]], end["result"]),
                             ([("w2", "succeeded")], None))
        if older_copy:
            self.assertEqual([c.client.fabric("show", job).code for job in (runs, ends)], [4, 4])  # There are none.

    def test_a_fence_that_a_store_gave_again_counts_for_the_node_that_it_was_given_to_only(self):
        c = self.cluster(("w1",), proxied=("w1",), config=HOUR)
        w1 = c.workers["w1"]
        old = c.client.run(f"{c.gate('old')}; echo 1 > $FABRIC_RESULT")
        c.started(old)
        c.proxies["w1"].refuse()
        c.scheduler.kill()
        for file in c.scheduler.data.glob("store.db*"):
            file.unlink()
        c.scheduler.start()
        w2 = c.add_worker("w2")
        c.scheduler.admit(w2)
        w2.start()
        new = c.client.run(f"{c.gate('new')}; echo 2 > $FABRIC_RESULT")
        eventually(lambda: w2.job_processes(new), "the new job runs, under the fence that w1 holds")
        c.proxies["w1"].heal()
        c.until_joined("w1")
        eventually(lambda: not w1.job_processes(), "what w1 holds is stopped")
        self.assertTrue(w2.job_processes(new))
        self.assertEqual(self.finish(c, "new", new), [["succeeded"]])
        self.assertEqual(c.client.show(new)["result"], 2)


class Replacing(ClusterTest):
    def test_fabricd_of_a_worker_is_detached_and_started_under_a_running_job(self):
        for way in ("signal", "command"):
            with self.subTest(way):
                c = self.cluster(("w1",))
                job = c.client.run(f"echo before; {c.gate('a')}; echo after; echo 7 > $FABRIC_RESULT")
                _, pids = c.started(job)
                fence = c.client.show(job)["fence"]
                self.detach(c, "w1", way)
                c.until_lost("w1")
                self.assertEqual(c.client.show(job)["state"], "running")
                c.workers["w1"].start()
                self.assertEqual(c.workers["w1"].job_processes(job)[0], pids[0])
                self.assertEqual(self.finish(c, "a", job), [["succeeded"]])
                end = c.client.show(job)
                self.assertEqual((end["result"], end["fence"]), (7, fence))
                self.assertEqual(c.client.fabric("logs", job, as_json=False).out, "before\nafter\n")

    def detach(self, c, name, way):
        worker = c.workers[name]
        if way == "signal":
            worker.signal(signal.SIGUSR2)
        else:
            c.client.good("detach", name)
        self.assertEqual(worker.end()[0], 0, worker.log())

    def test_fabricd_of_the_scheduler_is_detached_and_started_under_a_running_job(self):
        c = self.cluster()
        job = c.client.run(f"{c.gate('a')}; echo 7 > $FABRIC_RESULT")
        name, pids = c.started(job)
        eventually(lambda: c.client.show(job)["state"] == "running", "it runs")
        c.scheduler.detach_and_start()
        c.until_joined("w1", "w2")
        self.assertGreater(c.client.show(job)["lease_s"], 200)  # Lengthened for the outage.
        self.assertEqual(c.workers[name].job_processes(job)[0], pids[0])
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])
        self.assertEqual(c.client.show(job)["result"], 7)

    def test_a_rolling_restart_under_load_loses_nothing_and_uses_up_no_attempt(self):
        c = self.cluster(worker_config={"node": {"drain_timeout": "300ms"}})
        jobs = [c.client.run("sleep 0.3; echo $FABRIC_ATTEMPT > $FABRIC_RESULT") for _ in range(60)]
        for round_of in (lambda w: w.drain(), lambda w: w.drain(), self.replace):
            for name in ("w1", "w2"):
                eventually(lambda n=name: c.known()[n]["held"] > 0 or self.all_taken(c), f"{name} is at work")
                code = round_of(c.workers[name])[0]
                self.assertEqual(code, 0)
                c.workers[name].start()
        jobs += [c.client.run("exit 0") for _ in range(10)]
        for job in jobs:
            end = c.client.wait(job)
            self.assertEqual(end["state"], "succeeded", end)
            self.assertEqual((end["counts"]["failures"], end["counts"]["lost"]), (0, 0), end)
            self.assertLessEqual({a["outcome"] for a in end["attempts"]}, {"succeeded", "drained"})

    def all_taken(self, c):
        return c.client.good("lanes")[0]["lanes"][0]["ready"] == 0

    def replace(self, worker):
        worker.signal(signal.SIGUSR2)
        return worker.end()


class Draining(ClusterTest):
    def test_sigterm_hands_back_what_does_not_end_in_time_and_it_runs_elsewhere(self):
        c = self.cluster(worker_config={"node": {"drain_timeout": "200ms"}})
        job = c.client.run(c.gate("a"))
        name, _ = c.started(job)
        code, told = c.workers[name].drain()
        self.assertEqual(code, 0)
        self.assertIn(f"job {job}", told)
        self.assertIn("drained: nothing is held", told)
        other = c.started_elsewhere(job, name)
        self.assertEqual(self.finish(c, "a", job), [["drained", "succeeded"]])
        end = c.client.show(job)
        self.assertEqual((end["counts"]["failures"], end["counts"]["lost"]), (0, 0))
        self.assertEqual([a["node"] for a in end["attempts"]], [name, other])

    def test_sigterm_lets_end_what_ends_in_time(self):
        c = self.cluster(worker_config={"node": {"drain_timeout": "1h"}})
        job = c.client.run(c.gate("a"))
        name, _ = c.started(job)
        c.workers[name].signal(signal.SIGTERM)
        eventually(lambda: all(w["draining"] for w in c.known()[name]["workers"]), "it drains, and nodes says so")
        later = [c.client.run("true") for _ in range(4)]
        c.client.wait(*later)
        self.assertNotIn(name, {a["node"] for j in later for a in c.client.show(j)["attempts"]})
        c.open_gate("a")
        self.assertEqual(c.workers[name].end()[0], 0)
        self.assertEqual(c.client.wait(job)["attempts"][0]["outcome"], "succeeded")

    def test_drain_and_undrain_by_name(self):
        c = self.cluster()
        jobs = [c.client.run(c.gate("a"), "--lane", "slow") for _ in range(2)]
        found = {c.started(job)[0]: job for job in jobs}
        report = c.client.good("drain", "w1", "--deadline", "200ms")[0]
        self.assertEqual(report["node"], "w1")
        self.assertEqual([a["job"] for a in report["attempts"]], [found["w1"]], report)
        self.assertEqual(c.client.outcomes(found["w1"]), ["drained"])
        known = c.known()
        self.assertEqual([{w["draining"] for w in known[n]["workers"]} for n in ("w1", "w2")], [{True}, {False}])
        waits = c.client.good("explain", found["w1"])[0]["reasons"]
        self.assertIn("w1", " ".join(r["text"] for r in waits), waits)
        c.client.good("undrain", "w1")
        self.assertEqual(c.started(found["w1"])[0], "w1")
        self.assertEqual(self.finish(c, "a", *jobs), [["drained", "succeeded"] if j == found["w1"] else ["succeeded"]
                                                      for j in jobs])
        self.assert_refused(c.client.fabric("undrain", "w1"), "wrong_state", "w1")

    def test_orders_to_nodes_that_are_not_there_are_refused(self):
        c = self.cluster(("w1",))
        for order in ("drain", "undrain", "detach"):
            answer = c.client.fabric(order, "w9")
            self.assertIn(answer.code, (4, 5), answer)
            self.assertTrue(re.search("w9", answer.out + answer.err), answer)
        c.workers["w1"].kill()
        c.until_lost("w1")
        answer = c.client.fabric("drain", "w1")
        self.assertIn(answer.code, (4, 5), answer)

    def test_a_node_that_dies_while_it_is_drained_keeps_nobody_waiting(self):
        c = self.cluster(("w1",), config=LONG)
        job = c.client.run(c.gate("a"))
        c.started(job)
        order = c.client.background("drain", "w1", as_json=False)
        eventually(lambda: all(w["draining"] for w in c.known()["w1"]["workers"]), "it drains")
        c.workers["w1"].kill()
        c.until_lost("w1")
        try:
            _, said = order.communicate(timeout=DEADLINE_S)
        finally:
            order.kill()
            order.communicate()
        self.assertEqual(order.returncode, 3, said)
        self.assertIn("w1", said)

    def test_a_drained_worker_stays_drained_over_a_break_of_its_connection(self):
        c = self.cluster(("w1", "w2"), proxied=("w1",))
        c.client.good("drain", "w1")
        seen = c.proxies["w1"].connections
        c.proxies["w1"].reset_all()
        eventually(lambda: c.proxies["w1"].connections > seen, "it dials again")
        c.until_joined("w1")
        jobs = [c.client.run("sleep 0.1") for _ in range(8)]
        c.client.wait(*jobs)
        self.assertEqual({a["node"] for j in jobs for a in c.client.show(j)["attempts"]}, {"w2"})


if __name__ == "__main__":
    unittest.main()
