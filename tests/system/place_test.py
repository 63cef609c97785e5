"""Lanes that live on nodes that joined: they work like those at the scheduler, move when their node is lost, and pass
jobs to each other; an old home that comes back does no harm."""

import unittest

from cluster import LEASE_S, ClusterTest
from harness import eventually
from members_test import LONG
from modes_test import COUNTS, SLOW_AT_FIRST, WHO, lanes

HOME = {"home": "yes"}


def labelled(*names):
    return {name: {"node": {"labels": HOME}} for name in names}


def at_home(**rest):
    """The fast lane lives on a node with the label, the slow one at the scheduler."""
    return {"lanes": [{"name": "fast", "slots": 2, "grace": "300ms", "place": HOME},
                      {"name": "slow", "slots": 1, "grace": "300ms"}], **rest}


class Places(ClusterTest):
    def lane(self, c, name="fast"):
        return next(lane for lane in c.client.good("lanes")[0]["lanes"] if lane["lane"] == name)

    def until_serving(self, c, name="fast", above=0):
        return eventually(lambda: (now := self.lane(c, name))["serving"] and now["epoch"] > above and now,
                          f"{name} serves", 40)

    def test_jobs_pass_through_a_lane_on_a_worker(self):
        c = self.cluster(config=at_home(), own=labelled("w1"))
        held = [c.client.run(c.gate("a")) for _ in range(4)]  # As many as both have slots.
        self.assertEqual({c.started(j)[0] for j in held}, {"w1", "w2"})
        self.assertEqual(self.finish(c, "a", *held), [["succeeded"]] * 4)
        jobs = [c.client.run("sleep 0.02; echo 1 > $FABRIC_RESULT") for _ in range(30)]
        jobs += [c.client.run("exit 3", "--max-attempts", 1)]
        c.client.wait(*jobs)
        self.assertEqual([c.client.show(j)["state"] for j in jobs], ["succeeded"] * 30 + ["buried"])
        late, urgent, cancelled = (c.client.run("true", "--delay", d) for d in ("100ms", "0s", "1h"))
        c.client.good("cancel", cancelled)
        c.client.wait(late, urgent, cancelled)
        self.assertEqual(c.client.show(cancelled)["state"], "cancelled")

    def test_a_lane_named_for_a_node_waits_for_it(self):
        c = self.cluster(("w1",), config={"lanes": [{"name": "fast", "slots": 2, "place": "w2"}, {"name": "slow"}]})
        job = c.client.run("true")
        c.client.wait(c.client.run("true", "--lane", "slow"))
        self.assertEqual(c.client.show(job)["state"], "ready")
        why = c.client.good("explain", job)[0]["reasons"]
        self.assertTrue(why, "explain says nothing")
        self.assertNotEqual(why[0]["what"], "no_free_slot", why)
        w2 = c.add_worker("w2")
        c.scheduler.admit(w2)
        w2.start()
        self.assertEqual(c.client.wait(job)["state"], "succeeded")

    def test_a_lane_moves_when_its_node_dies_and_what_runs_elsewhere_goes_on(self):
        c = self.cluster(("w1", "w2", "w3"), config=at_home(lease=LONG["lease"]), own={
            **labelled("w1", "w2"), "w3": {"node": {"workers": {"fast": 2, "slow": 0}}}})
        for name in ("w1", "w2"):
            c.client.good("drain", name)  # So that all runs on w3, and only the homes die.
        jobs = [c.client.run(c.gate("a")) for _ in range(2)]
        found = {job: c.started(job) for job in jobs}
        waiting = [c.client.run("true") for _ in range(5)]
        epoch = self.lane(c)["epoch"]
        c.workers["w1"].kill()
        epoch = self.until_serving(c, above=epoch)["epoch"]
        c.workers["w1"].start()
        c.until_joined("w1")
        c.workers["w2"].kill()
        self.until_serving(c, above=epoch)
        for job, (name, pids) in found.items():
            self.assertEqual((name, c.workers["w3"].job_processes(job)[0]), ("w3", pids[0]))
        self.assertEqual(self.finish(c, "a", *jobs, *waiting), [["succeeded"]] * 7)

    def test_the_scheduler_dies_alone_under_a_lane_elsewhere(self):
        c = self.cluster(("w1", "w2", "w3"), config=at_home(lease=LONG["lease"]), own={
            "w3": {"node": {"labels": HOME, "workers": {"fast": 0, "slow": 0}}}})
        for number in range(4):
            jobs = [c.client.run(c.gate(number)) for _ in range(4)]
            found = {job: c.started(job) for job in jobs}
            waiting = [c.client.run("true") for _ in range(5)]
            c.scheduler.kill()
            c.scheduler.start()
            self.until_serving(c)
            c.until_joined("w1", "w2", "w3")
            for job, (name, pids) in found.items():
                self.assertEqual(c.workers[name].job_processes(job)[0], pids[0])
            self.assertEqual(self.finish(c, number, *jobs, *waiting), [["succeeded"]] * 9)

    def test_home_and_scheduler_die_at_once(self):
        c = self.cluster(config=at_home(lease=LONG["lease"]), own=labelled("w1"))
        jobs = [c.client.run(c.gate("a")) for _ in range(4)]
        found = {job: c.started(job) for job in jobs}
        waiting = [c.client.run("true") for _ in range(5)]
        c.workers["w1"].kill()
        c.scheduler.kill()
        c.workers["w1"].launch()
        c.scheduler.start()
        c.workers["w1"].until_ready()
        self.until_serving(c)
        for job, (name, pids) in found.items():
            self.assertEqual(c.workers[name].job_processes(job)[0], pids[0])
        self.assertEqual(self.finish(c, "a", *jobs, *waiting), [["succeeded"]] * 9)

    def test_a_home_that_is_detached_and_started_keeps_its_jobs(self):
        c = self.cluster(("w1",), config=at_home(), own=labelled("w1"))
        job = c.client.run(c.gate("a"))
        _, pids = c.started(job)
        waiting = c.client.run("true")
        c.workers["w1"].detach_and_start()
        self.assertEqual(c.workers["w1"].job_processes(job)[0], pids[0])
        self.assertEqual(self.finish(c, "a", job, waiting), [["succeeded"]] * 2)

    def test_an_old_home_that_could_not_be_heard_does_no_harm_when_it_comes_back(self):
        c = self.cluster(config=at_home(), proxied=("w1",), own=labelled("w1", "w2"))
        jobs = [c.client.run("sleep 0.1") for _ in range(20)]
        epoch = self.lane(c)["epoch"]
        c.proxies["w1"].both(hold=True)
        c.until_lost("w1")
        self.until_serving(c, above=epoch)
        jobs += [c.client.run("sleep 0.1") for _ in range(20)]
        eventually(lambda: c.client.show(jobs[-1])["state"] == "succeeded", "all is done by w2", 60)
        c.proxies["w1"].heal()
        c.until_joined("w1")
        jobs += [c.client.run("sleep 0.1") for _ in range(10)]
        for job in jobs:
            end = c.client.until(job, "succeeded", "buried")
            self.assertEqual((end["state"], end["counts"]["failures"]), ("succeeded", 0), end)
            self.assertEqual([a["outcome"] for a in end["attempts"]][-1:], ["succeeded"])

    def test_reload_gives_a_lane_another_home(self):
        c = self.cluster(config=at_home(), own={**labelled("w1"), "w2": {"node": {"labels": {"rack": "2"}}}})
        job = c.client.run(c.gate("a"))
        _, pids = c.started(job)
        c.scheduler.config["lanes"][0]["place"] = {"rack": "2"}
        c.scheduler.command()
        epoch = self.lane(c)["epoch"]
        answer = c.client.fabric("reload")
        self.assertIn(answer.code, (0, 5), answer)
        if answer.code == 0:
            self.until_serving(c, above=epoch)
        self.assertEqual(self.finish(c, "a", job, c.client.run("true")), [["succeeded"]] * 2)


class Moving(ClusterTest):
    """The fast lane lives on w1 and the slow one on w2; so do their slots."""

    def apart(self, mode, fast=None, **rest):
        fast = {"place": "w1", **(fast or {})}
        return self.cluster(config=lanes(mode, fast=fast, slow={"place": "w2"}, **rest), own={
            "w1": {"node": {"workers": {"fast": 1, "slow": 0}}}, "w2": {"node": {"workers": {"fast": 0, "slow": 1}}}})

    def ways(self, c, job):
        return [(a["lane"], a["node"], a["outcome"]) for a in c.client.show(job)["attempts"]]

    def test_restart_and_resume(self):
        for mode, script in (("restart", SLOW_AT_FIRST), ("resume", COUNTS)):
            with self.subTest(mode):
                c = self.apart(mode)
                jobs = [c.client.run(script) for _ in range(3)]
                for job in jobs:
                    self.assertEqual(c.client.wait(job)["state"], "succeeded")
                    self.assertEqual(self.ways(c, job), [("fast", "w1", "demoted"), ("slow", "w2", "succeeded")])

    def test_carry_between_lanes_on_two_nodes(self):
        c = self.cluster(config=lanes("carry", fast={"place": "w1"}, slow={"place": "w2"}),
                         worker_config={"node": {"workers": {"fast": 1, "slow": 1}}})
        jobs = [c.client.run(f"{c.gate('who')}; {WHO}") for _ in range(2)]
        found = {job: c.started(job) for job in jobs}
        for job in jobs:
            eventually(lambda j=job: c.client.show(j)["lane"] == "slow", f"job {job} is carried")
        self.assertEqual(self.finish(c, "who", *jobs), [["succeeded"]] * 2)
        for job, (_, pids) in found.items():
            self.assertEqual(c.client.show(job)["result"]["pid"], pids[0])

    def test_overflow(self):
        c = self.apart("restart", fast={"budget": "1h"}, policy="slow-first")
        jobs = [c.client.run(c.gate("a")) for _ in range(2)]
        for job in jobs:
            c.started(job)
        self.assertEqual(self.finish(c, "a", *jobs), [["succeeded"]] * 2)
        self.assertEqual(sorted(self.ways(c, jobs[0]) + self.ways(c, jobs[1])),
                         [("fast", "w1", "succeeded"), ("slow", "w2", "succeeded")])

    def test_a_target_lane_whose_home_is_away_gets_its_job_later(self):
        c = self.apart("restart")
        c.workers["w2"].kill()
        c.until_lost("w2")
        job = c.client.run(SLOW_AT_FIRST)
        eventually(lambda: c.client.outcomes(job) == ["demoted"], f"it is demoted: {c.client.show(job)}",
                   3 * LEASE_S + 20)
        c.workers["w2"].start()
        self.assertEqual(c.client.wait(job)["state"], "succeeded")


if __name__ == "__main__":
    unittest.main()
