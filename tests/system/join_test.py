"""Nodes join a cell over loopback: what `fabric nodes` tells of them, who is refused and how often it asks again, and
which of them may run what."""

import contextlib
import json
import os
import signal
import socket
import threading
import time
import unittest

from cluster import ClusterTest
from harness import eventually, free_port, read_bytes, shell_class

CPU_SHARE = 0.2  # Of one core; a loop without a wait takes all of it.


def cpu_s(pid):
    """What the process has computed so far, in seconds."""
    fields = read_bytes(f"/proc/{pid}/stat").rsplit(b")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Stranger:
    """Somebody who is no scheduler listens there: he says `data` to everybody, and does not hang up until close()."""

    def __init__(self, port, data):
        self._door, self._data, self._peers = socket.create_server(("127.0.0.1", port)), data, []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.met = 0
        self._thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._door.accept()
                self._peers.append(peer)
                self.met += 1
                with contextlib.suppress(OSError):
                    peer.sendall(self._data)

    def close(self):
        self._door.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for s in (self._door, *self._peers):
            s.close()


class Joining(ClusterTest):
    def test_a_worker_joins_and_runs_jobs_and_nodes_tells_of_it(self):
        c = self.cluster(("w1",), own={"w1": {"node": {"labels": {"lifetime": "stable", "rack": "3"}}}})
        job = c.client.run("echo $FABRIC_LANE; printf '\"%s\"' $FABRIC_NODE_NAME > $FABRIC_RESULT")
        end = c.client.wait(job)
        self.assertEqual([(a["node"], a["worker"], a["outcome"]) for a in end["attempts"]],
                         [("w1", "fast@w1", "succeeded")])
        self.assertEqual(c.client.fabric("logs", job, as_json=False).out, "fast\n")
        known = c.known()
        self.assertEqual(sorted(known), ["scheduler", "w1"])
        w1 = known["w1"]
        self.assertEqual((w1["labels"], w1["differences"], w1["lost"], w1["held"]),
                         ({"lifetime": "stable", "rack": "3"}, [], False, 0))
        self.assertEqual([(w["lane"], w["slots"], w["runner_up"]) for w in w1["workers"]],
                         [("fast", 2, True), ("slow", 1, True)])
        self.assertNotEqual(w1["boot"], known["scheduler"]["boot"])
        text = c.client.fabric("nodes", as_json=False).out
        self.assertIn("w1", text)
        self.assertIn("lifetime", text)

    def test_a_node_that_dies_is_lost_at_once_and_its_next_boot_is_another(self):
        c = self.cluster(("w1",), config={"lease": {"first": "15s", "node_silence": "10s"}})
        boot = c.known()["w1"]["boot"]
        c.workers["w1"].kill()
        lost = c.until_lost("w1")
        self.assertLess(lost["silent_s"], 9.0)  # Not because it was silent.
        self.assertEqual(lost["workers"], [])
        job = c.client.run("true")
        self.assertEqual([r["what"] for r in c.client.good("explain", job)[0]["reasons"]], ["no_slots"])
        c.workers["w1"].start()
        self.assertEqual(c.client.wait(job)["state"], "succeeded")
        again = c.known()["w1"]
        self.assertEqual((again["lost"], again["boot"] != boot), (False, True))

    def test_nodes_tells_how_the_classes_differ_and_jobs_only_run_where_their_class_is(self):
        c = self.cluster(config={"classes": {"rare": shell_class()}},
                         own={"w1": {"classes": {"sh": shell_class(env={"X": "1"}), "mine": shell_class()}},
                              "w2": {"classes": {"rare": shell_class()}}})
        known = c.known()
        self.assertEqual(sorted(known["w1"]["differences"]),
                         ["class mine is configured only there", "class rare is not configured there",
                          "class sh is configured differently there"])
        self.assertEqual(known["w2"]["differences"], [])
        jobs = [c.client.run("sleep 0.05", job_class="rare") for _ in range(8)]
        c.client.wait(*jobs)
        self.assertEqual({a["node"] for job in jobs for a in c.client.show(job)["attempts"]}, {"w2"})
        self.assert_refused(c.client.fabric("submit", "mine", "--input", "{}"), "unknown_class", "mine")
        self.assertIn("rare is not configured there", c.client.fabric("nodes", as_json=False).out)

    def test_a_class_that_no_node_has_waits_until_one_joins(self):
        c = self.cluster(("w1",), config={"classes": {"rare": shell_class()}})
        job = c.client.run("true", job_class="rare")
        c.client.wait(c.client.run("true"))  # The lane goes on with others.
        self.assertEqual(c.client.show(job)["state"], "ready")
        w2 = c.add_worker("w2", {"classes": {"rare": shell_class()}})
        c.scheduler.admit(w2)
        w2.start()
        self.assertEqual(c.client.wait(job)["attempts"][0]["node"], "w2")

    def test_terms_that_change_at_the_scheduler_reach_nodes_that_joined(self):
        c = self.cluster(("w1",))
        c.scheduler.config["lanes"].append({"name": "extra", "slots": 3})
        c.scheduler.config["node"]["workers"]["extra"] = 0
        c.scheduler.command()
        self.assertEqual(c.client.fabric("reload").code, 0)
        eventually(lambda: ("extra", 3) in [(w["lane"], w["slots"]) for w in c.known()["w1"]["workers"]],
                   "it offers slots in the new lane")
        job = c.client.run("true", "--lane", "extra")
        self.assertEqual(c.client.wait(job)["attempts"][0]["worker"], "extra@w1")


class Refused(ClusterTest):
    def refused(self, c, worker, *words):
        """Starts a worker that the scheduler does not take; returns once it has said why."""
        c.scheduler.admit(worker)
        worker.launch()
        eventually(lambda: all(w in worker.log() for w in words), f"it says why: {words}; {worker.log()}")
        self.assertIsNone(worker.process.poll())
        return worker

    def test_a_lane_that_the_cell_does_not_have_until_it_has_it(self):
        c = self.cluster(("w1",))
        w2 = self.refused(c, c.add_worker("w2", {"node": {"workers": {"quick": 1}}}), "quick", "node.workers")
        self.assertNotIn("w2", c.known())
        self.assertEqual(w2.log().count("quick"), 1, w2.log())  # A reason is said once.
        c.scheduler.config["lanes"].append({"name": "quick", "slots": 0})
        c.scheduler.command()
        self.assertEqual(c.client.fabric("reload").code, 0)
        w2.until_ready()
        job = c.client.run("true", "--lane", "quick")
        self.assertEqual(c.client.wait(job)["attempts"][0]["node"], "w2")

    def test_a_living_nodes_name_until_that_is_gone(self):
        c = self.cluster(("w1",))
        job = c.client.run(c.gate("a"))
        _, pids = c.started(job)
        boot = c.known()["w1"]["boot"]
        second = self.refused(c, c.add_worker("w2", {"node": {"name": "w1"}}), "node.name", "w1")
        self.assertEqual(c.known()["w1"]["boot"], boot)
        self.assertIn(pids[0], c.workers["w1"].job_processes(job))
        self.assertEqual(self.finish(c, "a", job), [["succeeded"]])
        c.workers["w1"].drain()
        second.until_ready()
        self.assertNotEqual(c.known()["w1"]["boot"], boot)

    def test_the_schedulers_own_name(self):
        c = self.cluster(("w1",))
        boot = c.known()["scheduler"]["boot"]
        self.refused(c, c.add_worker("w2", {"node": {"name": "scheduler"}}), "scheduler", "node.name")
        known = c.known()
        self.assertEqual((sorted(known), known["scheduler"]["boot"]), (["scheduler", "w1"], boot))

    def test_a_node_that_joins_is_no_scheduler(self):
        c = self.cluster(("w1",))
        w2 = c.add_worker("w2").join(c.scheduler, c.scheduler.address)
        c.scheduler.admit(w2)
        w2.start()
        rows = read_bytes(f"/proc/{w2.process.pid}/net/tcp").decode().splitlines()[1:]
        listening = [row.split()[1] for row in rows]
        self.assertNotIn(f"{w2.port:04X}", [at.rsplit(":", 1)[1] for at in listening])


class Alone(ClusterTest):
    """Nobody is there to join."""

    def worker(self, port):
        c = self.c = self.cluster((), start=False)
        c.scheduler.port = port
        c.scheduler.start().drain()  # It makes the cell's authority, and is gone.
        worker = c.add_worker("w1")
        c.scheduler.admit(worker)
        worker.joins = f"127.0.0.1:{port}"
        return worker

    def share_of_a_core(self, worker, seconds=3):
        began, used = time.monotonic(), cpu_s(worker.process.pid)
        time.sleep(seconds)  # What it does meanwhile is what is measured.
        return (cpu_s(worker.process.pid) - used) / (time.monotonic() - began)

    def joins_when_there_is_a_scheduler(self, worker):
        self.c.scheduler.start()
        eventually(lambda: self.c.joined("w1"), f"it has joined: {worker.log()}", 60)
        self.assertEqual(self.c.client.wait(self.c.client.run("true"))["attempts"][0]["node"], "w1")

    def test_nobody_listens_until_somebody_does(self):
        worker = self.worker(free_port()).launch()
        eventually(lambda: "cannot join the cell" in worker.log(), "it says so")
        self.assertLess(self.share_of_a_core(worker), CPU_SHARE)
        self.assertEqual(worker.log().count("cannot join the cell"), 1, worker.log())
        self.joins_when_there_is_a_scheduler(worker)

    def test_the_first_of_two_addresses_is_dead(self):
        c = self.cluster(("w1",), start=False)
        c.scheduler.start()
        worker = c.workers["w1"]
        c.scheduler.admit(worker)
        command = worker.command()
        config = json.loads(worker.config_file.read_text())
        config["node"]["join"].insert(0, f"127.0.0.1:{free_port()}")
        worker.config_file.write_text(json.dumps(config))
        worker.command = lambda *options: command
        worker.start()
        self.assertTrue(c.joined("w1"))

    def strange(self, data):
        port = free_port()
        worker = self.worker(port)
        stranger = Stranger(port, data)
        worker.launch()
        eventually(lambda: stranger.met >= 2, f"it has dialled him more than once: {worker.log()}", 40)
        self.assertLess(self.share_of_a_core(worker), CPU_SHARE)
        self.assertIsNone(worker.process.poll())
        stranger.close()
        self.joins_when_there_is_a_scheduler(worker)

    def test_somebody_listens_who_says_nothing(self):
        self.strange(b"")

    def test_somebody_listens_who_talks_nonsense(self):
        self.strange(bytes(range(256)) * 40)

    def test_it_can_be_stopped_while_it_looks_for_a_cell(self):
        worker = self.worker(free_port()).launch()
        eventually(lambda: "cannot join the cell" in worker.log(), "it says so")
        for number in (signal.SIGTERM, signal.SIGUSR2):
            with self.subTest(number):
                worker.signal(number)
                self.assertEqual(worker.end()[0], 0)
                worker.launch()
                eventually(lambda: worker.log().count("cannot join the cell") == 2, "it says so again")


class Labels(ClusterTest):
    CONFIG = {"lanes": [{"name": "fast", "slots": 2, "grace": "300ms"}, {"name": "slow", "slots": 1, "grace": "300ms"},
                        {"name": "post", "slots": 2, "requires": {"lifetime": "stable"}}],
              "classes": {"report": shell_class(lane="post")}}

    def test_a_lane_that_requires_labels_runs_only_where_they_are_and_so_does_a_class_bound_to_it(self):
        reports = {"classes": {"report": shell_class(lane="post")}}
        c = self.cluster(("w1", "w2", "w3"), config=self.CONFIG, worker_config=reports,
                         own={"w2": {"node": {"labels": {"lifetime": "stable"}}},
                              "w3": {"node": {"labels": {"lifetime": "short"}}}})
        slots = {name: {w["lane"]: w["slots"] for w in node["workers"]} for name, node in c.known().items()}
        self.assertEqual([slots[name].get("post", 0) for name in ("scheduler", "w1", "w2", "w3")], [0, 0, 2, 0])
        jobs = [c.client.run("sleep 0.05", "--lane", "post") for _ in range(6)]
        jobs += [c.client.run("sleep 0.05", job_class="report") for _ in range(6)]
        c.client.wait(*jobs)
        ran = {(a["node"], a["lane"], a["outcome"]) for job in jobs for a in c.client.show(job)["attempts"]}
        self.assertEqual(ran, {("w2", "post", "succeeded")})
        c.workers["w2"].kill()
        waits = c.client.run("true", job_class="report")
        c.client.wait(*[c.client.run("true") for _ in range(4)])
        self.assertEqual((c.client.show(waits)["state"], c.client.show(waits)["lane"]), ("ready", "post"))
        c.workers["w2"].start()
        self.assertEqual(c.client.wait(waits)["attempts"][0]["node"], "w2")


if __name__ == "__main__":
    unittest.main()
