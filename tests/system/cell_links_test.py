"""The links of a cell fail in every way; jobs go on where they hold a lease, and run elsewhere where they do not."""

import random
import time
import unittest

from cluster import LEASE_S
from host_cluster import HostClusterTest
from harness import alive, eventually
from hosts import Flapping

DEFAULT_LEASE = {"lease": {"first": "15s", "node_silence": "10s"}}
DEAF = "trap '' TERM; "


class Partitions(HostClusterTest):
    def running(self, c, script=""):
        job = c.client.run(script + c.gate("a"))
        name, pids = c.started(job)
        return job, c.workers[name], pids

    def test_five_seconds_end_no_lease(self):
        c = self.cluster(config=DEFAULT_LEASE)
        job, worker, pids = self.running(c)
        worker.host.link_down()
        time.sleep(5)  # How long the fault lasts.
        worker.host.link_up()
        c.until_joined(worker.host.name)
        self.assertIn(pids[0], worker.job_processes(job))
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])

    def test_a_job_that_ends_during_five_seconds_is_accepted_after_them(self):
        c = self.cluster(config=DEFAULT_LEASE)
        job, worker, pids = self.running(c)
        worker.host.link_down()
        c.open_gate("a")
        eventually(lambda: not any(alive(p) for p in pids), "the job has ended")
        time.sleep(4)
        worker.host.link_up()
        self.assertEqual(c.client.until(job, "succeeded")["attempt"], 1)

    def test_in_sixty_seconds_jobs_end_where_they_were_before_they_run_elsewhere(self):
        c = self.cluster(config=DEFAULT_LEASE)
        job, worker, pids = self.running(c, DEAF)
        began = time.monotonic()
        worker.host.link_down()
        eventually(lambda: c.client.show(job)["attempt"] == 2, "it is leased again", 90)
        self.assertEqual([p for p in pids if alive(p)], [])
        other = c.started_elsewhere(job, worker.host.name)
        time.sleep(max(0.0, 60 - (time.monotonic() - began)))
        worker.host.link_up()
        c.until_joined(worker.host.name)
        self.assertEqual(c.runs_on(job), [other])
        self.assertEqual(self.finish(c, "a", job), [["lost", "succeeded"]])

    def test_a_partition_of_the_client_changes_nothing_and_its_fabric_waits(self):
        c = self.cluster()
        job, worker, pids = self.running(c)
        waiting = c.client.background("wait", "--patience", "60s", job)
        c.cell["client"].link_down()
        time.sleep(LEASE_S)
        self.assertIn(pids[0], worker.job_processes(job))
        c.cell["client"].link_up()
        c.open_gate("a")
        out, err = waiting.communicate(timeout=60)
        self.assertEqual(waiting.returncode, 0, out + err)

    def test_loss_of_one_way_only_is_a_partition_and_heals(self):
        c = self.cluster()
        for number, (source, target) in enumerate((("w", "s"), ("s", "w"))):
            with self.subTest(lost=f"{source} to {target}"):
                job = c.client.run(DEAF + c.gate(number))
                name, pids = c.started(job)
                ends = {"w": c.cell[name], "s": c.cell["scheduler"]}
                ends[source].lose_to(ends[target])
                eventually(lambda j=job: c.client.show(j)["attempt"] == 2, "it is leased again", 60)
                self.assertEqual([p for p in pids if alive(p)], [])
                ends[source].find_again(ends[target])
                c.until_joined(name)
                self.assertEqual(self.finish(c, number, job), [["lost", "succeeded"]])

    def test_a_flapping_link_loses_no_job_and_leaves_nothing_behind(self):
        c = self.cluster()
        flapping = Flapping(c.cell["w1"], 2.0, 1.0)
        flapping.start()
        jobs = [c.client.run("sleep 0.2") for _ in range(60)]
        eventually(lambda: flapping.flaps >= 8, "eight flaps", 60)
        flapping.stop()
        for job in jobs:
            self.assertEqual(c.client.until(job, "succeeded", "buried")["state"], "succeeded")
        c.until_joined("w1", "w2")


class BadLinks(HostClusterTest):
    def test_bytes_of_one_way_that_vanish_end_the_connection_and_the_worker_comes_back(self):
        c = self.cluster(proxied=("w1", "w2"))
        for name in ("up", "down"):
            with self.subTest(name):
                link = getattr(c.proxies["w1"], name)
                before, connections = link.dropped, c.proxies["w1"].connections
                link.set(drop=True)
                eventually(lambda d=link, b=before: d.dropped > b, "bytes vanish")
                eventually(lambda n=connections: c.proxies["w1"].connections > n, "it dials again", 60)
                c.proxies["w1"].heal()
                c.until_joined("w1")
                job = c.client.run("true")
                c.client.until(job, "succeeded")

    def test_a_stream_that_breaks_anywhere_is_taken_up_again(self):
        c = self.cluster(workers=("w1",), proxied=("w1",))
        draw, jobs = random.Random(1), []
        for number in range(16):
            fault, limit = draw.choice(["reset_after", "truncate_after"]), draw.randint(0, 6000)
            with self.subTest(number=number, fault=fault, limit=limit):
                before = c.proxies["w1"].connections
                draw.choice([c.proxies["w1"].up, c.proxies["w1"].down]).set(**{fault: limit})
                jobs += [c.client.run("sleep 0.05") for _ in range(12)]  # They are what breaks.
                eventually(lambda b=before: c.proxies["w1"].connections > b, "it dials again", 60)
                c.proxies["w1"].heal()
        c.until_joined("w1")
        for job in jobs:
            end = c.client.until(job, "succeeded", "buried")
            self.assertEqual((end["state"], end["counts"]["failures"]), ("succeeded", 0))

    def test_a_scheduler_that_refuses_or_swallows_connections_is_dialled_again(self):
        c = self.cluster(proxied=("w1",))
        for fault in ("refuse", "black_hole"):
            with self.subTest(fault):
                getattr(c.proxies["w1"], fault)()
                c.proxies["w1"].reset_all()
                eventually(lambda: "w1" not in c.known() or not c.known()["w1"].get("workers"), "w1 is gone", 60)
                c.proxies["w1"].heal()
                c.until_joined("w1", seconds=60)

    def test_large_logs_over_a_slow_link_do_not_starve_the_heartbeats(self):
        c = self.cluster(workers=("w1",))
        job = c.client.run("head -c 4000000 /dev/zero | tr '\\0' x; " + c.gate("a"))
        c.started(job)
        c.cell["w1"].slow_down("2mbit")  # 16 s for the log alone.
        reading = c.client.fabric("logs", job, as_json=False)
        self.assertEqual(reading.code, 0, reading.err)
        self.assertEqual(len(reading.out.rstrip("\n")), 4_000_000)
        c.cell["w1"].speed_up()
        self.assertEqual([e for e in c.client.events() if e["kind"].startswith("node_lost")], [])
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])


if __name__ == "__main__":
    unittest.main()
