"""Overload, full disks, missing executables: a clear refusal that names the limit, and nothing is lost (G7, G8)."""

import contextlib
import json
import os
import pathlib
import subprocess
import unittest

from harness import DEADLINE_S, NodeTest, eventually, shell_class

# Nothing is renewed while a test runs, so that nobody looks again at what a node can do.
LONG_LEASE = {"lease": {"first": "1h", "max": "1h", "node_silence": "30m"}}
SHORT_LEASE = {"lease": {"first": "3s", "max": "3s", "node_silence": "2s"}}  # Renewed every second.


class Limits(NodeTest):
    def submit(self, n, script="true", *options):
        return n.fabric("submit", "sh", "--input", json.dumps({"run": script}), *options)

    def test_max_queued(self):
        n = self.node({"limits": {"max_queued": 3}})
        jobs = [n.run("true", "--delay", "1h", "--idempotency-key", f"k{i}") for i in range(3)]
        self.assert_refused(self.submit(n), "limit_reached", "limits.max_queued", "3")
        self.assert_refused(self.submit(n, "true", "--idempotency-key", "new"), "limit_reached", "limits.max_queued")
        again = self.submit(n, "true", "--delay", "1h", "--idempotency-key", "k1")
        self.assertEqual((again.code, again.lines[0]["id"], again.lines[0]["duplicate"]), (0, jobs[1], True))
        n.good("cancel", jobs[0])
        self.assertEqual(self.submit(n, "true", "--delay", "1h").code, 0)
        self.assert_refused(self.submit(n), "limit_reached", "limits.max_queued")
        self.assertEqual(len(n.good("list")), 4)

    def test_max_queued_within_one_batch_and_over_a_restart(self):
        n = self.node({"limits": {"max_queued": 10}})
        line = b'{"class":"sh","input":{"run":"true"},"delay":"1h"}\n'
        answer = n.fabric("submit", "--file", "-", stdin=line * 25)
        self.assertEqual(answer.code, 5)
        self.assertEqual([bool(a.get("error")) for a in answer.lines], [False] * 10 + [True] * 15)
        self.assertEqual(n.sql("select count(*) from jobs"), [(10,)])
        n.kill()
        n.start()
        answer = n.fabric("submit", "--file", "-", stdin=line)
        self.assertEqual(answer.lines[0]["error"]["code"], "limit_reached")

    def test_max_inflight_submits(self):
        n = self.node({"limits": {"max_inflight_submits": "8MiB"}, "classes": {"cat": {"command": ["/bin/cat"]}}})
        file = n.directory / "jobs.ndjson"
        line = json.dumps({"class": "cat", "input": "x" * 600_000, "delay": "1h"}) + "\n"
        file.write_text(line * 13)  # One message, which always fits if it is alone.
        self.assertEqual(n.fabric("submit", "--file", file).code, 0)
        def too_many_at_once():
            clients = [n.background("submit", "--file", file) for _ in range(4)]
            answers = [json.loads(a) for c in clients for a in c.communicate(timeout=DEADLINE_S)[0].splitlines()]
            return [a["error"] for a in answers if "error" in a]
        refused = eventually(too_many_at_once, "clients come at the same time")
        self.assertEqual({e["code"] for e in refused}, {"limit_reached"})
        self.assertIn("limits.max_inflight_submits", refused[0]["message"])
        self.assertEqual(n.fabric("submit", "--file", file).code, 0)  # It is free again.

    def test_what_there_is_no_room_for_is_not_sent_line_by_line(self):
        n = self.node({"limits": {"max_queued": 10}})
        line = b'{"class":"sh","input":{"run":"true"},"delay":"1h"}\n'
        answer = n.fabric("submit", "--file", "-", stdin=line * 1200)
        self.assertEqual((answer.code, [a["line"] for a in answer.lines]), (5, list(range(1, 1201))))
        unsent = [a["line"] for a in answer.lines if "not sent" in a.get("error", {}).get("message", "")]
        self.assertEqual(unsent, list(range(513, 1201)))  # A message holds 512.
        answer = n.fabric("submit", "--file", "-", stdin=line * 1200, as_json=False)
        self.assertEqual((answer.code, answer.out), (5, ""))
        self.assertIn("line 513 and what follows were not sent", answer.err)

    def test_patience_waits_for_room(self):
        n = self.node({"limits": {"max_queued": 3}})
        before = [n.run("true", "--delay", "1h") for _ in range(3)]
        file = n.directory / "jobs.ndjson"
        file.write_text('{"class":"sh","input":{"run":"true"},"delay":"1h"}\n' * 3)
        client = n.background("submit", "--file", file, "--patience", "20s")
        self.assertIn("limits.max_queued", client.stderr.readline())
        for job in before:
            n.good("cancel", job)
        out, err = client.communicate(timeout=DEADLINE_S)
        jobs = {json.loads(line)["id"] for line in out.splitlines()}
        self.assertEqual((client.returncode, len(jobs), jobs & set(before)), (0, 3, set()), err)

    def test_max_waiters(self):
        n = self.node({"limits": {"max_waiters": 1}})
        job = n.run(n.gate("a"))
        waiters = [n.background("wait", job) for _ in range(3)]
        said = [b""] * 3
        def refused():
            for i, w in enumerate(waiters):
                os.set_blocking(w.stderr.fileno(), False)
                with contextlib.suppress(BlockingIOError):
                    said[i] += os.read(w.stderr.fileno(), 4096)
            return sum(b"limits.max_waiters" in s for s in said) == 2
        eventually(refused, f"two of three may not wait: {said}")
        n.open_gate("a")
        for w in waiters:  # Those that may not wait ask again and again.
            os.set_blocking(w.stderr.fileno(), True)
            out, err = w.communicate(timeout=DEADLINE_S)
            self.assertEqual((w.returncode, json.loads(out)["state"]), (0, "succeeded"), err)


class Classes(NodeTest):
    def test_a_class_that_is_switched_off_refuses(self):
        n = self.node({"classes": {"off": shell_class(enabled=False)}})
        answer = n.fabric("submit", "off", "--input", '{"run": "true"}')
        self.assert_refused(answer, "class_disabled", '"off"', "enabled")

    def test_jobs_of_a_class_that_was_switched_off_wait_until_it_is_on_again(self):
        n = self.node({"node": {"drain_timeout": "0s"}, "classes": {"other": shell_class()}})
        for job in [n.run(n.gate("a"), job_class="other") for _ in range(2)]:  # Both slots are taken.
            n.started(job)
        job = n.run("true")
        n.drain()
        n.config["classes"]["sh"]["enabled"] = False
        n.start()
        n.open_gate("a")
        n.wait(n.run("true", job_class="other"))  # The slots are free.
        self.assertEqual((n.show(job)["state"], n.show(job)["attempts"]), ("ready", []))
        n.drain()
        n.config["classes"]["sh"]["enabled"] = True
        n.start()
        self.assertEqual([a["outcome"] for a in n.wait(job)["attempts"]], ["succeeded"])

    def test_a_missing_executable_makes_the_class_unavailable_until_it_appears(self):
        n = self.node(SHORT_LEASE, start=False)
        program = n.directory / "program"
        n.config["classes"]["late"] = {"command": [str(program)]}
        n.start()
        refused = eventually(lambda: (a := n.fabric("submit", "late")).code and a, "the class is unavailable")
        self.assert_refused(refused, "class_unavailable", '"late"')
        program.write_text("#!/bin/sh\necho here\n")
        program.chmod(0o755)
        def accepted():
            answer = n.fabric("submit", "late")
            return answer.code == 0 and answer.lines[0]["id"]
        job = eventually(accepted, "the class is available")
        self.assertEqual(n.wait(job)["state"], "succeeded")

    def test_an_executable_that_vanishes_costs_no_attempt(self):
        n = self.node(SHORT_LEASE, start=False)
        program, aside = n.directory / "program", n.directory / "aside"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        n.config["classes"]["gone"] = {"command": [str(program)], "max_attempts": 1}
        n.start()
        job = n.submit("gone", None, "--delay", "100ms")  # Admitted while it is there; it may be gone by the time.
        program.rename(aside)
        eventually(lambda: n.fabric("submit", "gone").code == 5, "the class is unavailable")
        aside.rename(program)
        end = n.wait(job)
        self.assertEqual((end["state"], end["attempts"][-1]["outcome"]), ("succeeded", "succeeded"))
        self.assertLessEqual({a["outcome"] for a in end["attempts"]}, {"drained", "succeeded"})
        self.assertEqual(end["counts"]["failures"], 0)

    def test_an_executable_that_is_none_fails_with_the_system_s_words(self):
        n = self.node(start=False)
        program = n.directory / "garbage"
        program.write_bytes(b"\x7fELF and then garbage")
        program.chmod(0o755)
        n.config["classes"]["garbage"] = {"command": [str(program)], "max_attempts": 1}
        n.start()
        end = n.wait(n.submit("garbage"))
        self.assertEqual((end["state"], end["attempts"][0]["outcome"]), ("buried", "failed"))
        self.assertIn("Exec format error", end["reason"])


class Disks(NodeTest):
    def test_low_space_refuses_submissions_and_lets_running_jobs_end(self):
        n = self.node(LONG_LEASE)
        running, other = n.run(n.gate("a") + "; echo 1 > $FABRIC_RESULT"), n.run(n.gate("b"))
        for job in (running, other):  # Both slots are taken.
            n.started(job)
        ready = n.run("true")
        n.kill()
        n.config["store"]["disk_low"] = (1 << 53) - 1
        n.start()
        answer = n.fabric("submit", "sh", "--input", '{"run": "true"}')
        self.assert_refused(answer, "disk_full", "store.disk_low")
        n.open_gate("a")
        end = n.wait(running)
        self.assertEqual((end["state"], end["result"], end["attempt"]), ("succeeded", 1, 1))
        self.assertEqual((n.show(ready)["state"], n.show(ready)["attempts"]), ("ready", []))  # Nothing starts.
        n.open_gate("b")
        n.kill()
        n.config["store"]["disk_low"] = 1 << 20
        n.start()
        self.assertEqual([a["outcome"] for a in n.wait(ready)["attempts"]], ["succeeded"])

    def tmpfs(self, n, folder, size):
        """Mounts a small file system; the test is skipped where that is not allowed."""
        folder.mkdir(parents=True, exist_ok=True)
        os.chmod(folder, 0o700)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("cannot mount a tmpfs")
        def unmount():
            n.kill_everything()
            subprocess.run(["umount", str(folder)], check=True)
        self.addCleanup(unmount)

    @staticmethod
    def fill(path):
        """Takes all the space there is."""
        with open(path, "wb", buffering=0) as f, contextlib.suppress(OSError):
            while True:
                f.write(b"x" * 4096)

    def test_a_full_spool_loses_nothing_and_counts_no_attempt(self):
        n = self.node(SHORT_LEASE, start=False)
        self.tmpfs(n, n.spool, "1M")
        n.start()
        n.wait(n.run("true"))
        filler = n.spool / "filler"
        self.fill(filler)
        job = n.run("true # " + "x" * 10000, "--max-attempts", 1)
        eventually(lambda: "No space left" in n.log(), "the start is refused for lack of space")
        self.assertIn(n.show(job)["state"], ("ready", "running"))
        filler.unlink()
        end = n.wait(job)
        self.assertEqual((end["state"], end["counts"]["failures"], end["counts"]["lost"]), ("succeeded", 0, 0))
        self.assertTrue(all(a["outcome"] in ("drained", "lost") for a in end["attempts"][:-1]), end["attempts"])

    def test_a_spool_that_cannot_be_used_loses_nothing_and_counts_no_attempt(self):
        n = self.node(SHORT_LEASE)
        first = n.wait(n.run("true"))["id"]
        folder = n.spool / f"{(first + 1) % 256:02x}"
        folder.write_text("a file in the way")
        job = n.run("true", "--max-attempts", 1)
        self.assertEqual(job, first + 1)
        eventually(lambda: str(folder) in n.log(), "the start is refused by name")
        folder.unlink()
        end = n.wait(job)
        self.assertEqual((end["state"], end["counts"]["failures"], end["counts"]["lost"]), ("succeeded", 0, 0))

    def test_a_file_where_the_spool_should_be_stops_nothing_but_the_jobs(self):
        """fabricd answers, tells what is wrong, and goes on when it is put right."""
        n = self.node(start=False)
        n.data.mkdir(mode=0o700)
        n.spool.write_text("a file in the way")
        n.start()
        job = n.run("true", "--max-attempts", 1)
        eventually(lambda: str(n.spool) in n.log(), "the runner says what is wrong")
        self.assertEqual(n.show(job)["state"], "ready")
        n.spool.unlink()
        self.assertEqual(n.wait(job)["state"], "succeeded")

    def test_a_disk_that_fills_up_under_the_store_keeps_what_was_acknowledged(self):
        # disk_low is more than the store's log may hold, or copying that into the store would fill the disk by itself.
        n = self.node({"store": {"disk_low": "64MiB", "reserve": "1MiB"},
                       "classes": {"cat": {"command": ["/bin/cat"]}}}, start=False)
        self.tmpfs(n, n.data, "140M")
        n.start()
        running = n.run(n.gate("a"))
        n.started(running)
        line = json.dumps({"class": "cat", "input": "x" * 200_000, "delay": "1h"}).encode() + b"\n"
        answer = n.fabric("submit", "--file", "-", stdin=line * 600)
        self.assertEqual(answer.code, 5)
        refused = [a["error"] for a in answer.lines if "error" in a]
        self.assertEqual({e["code"] for e in refused}, {"disk_full"})
        acknowledged = {a["id"] for a in answer.lines if "id" in a}
        self.assertGreater(len(acknowledged), 20)
        self.fill(pathlib.Path(n.data) / "filler")
        self.assert_refused(n.fabric("submit", "sh", "--input", '{"run":""}'), "disk_full")
        n.open_gate("a")
        end = n.wait(running)  # Its end still commits: there is a reserve.
        self.assertEqual((end["state"], end["attempt"]), ("succeeded", 1))
        (n.data / "filler").unlink()
        n.kill()
        n.start()
        stored = {row[0] for row in n.sql("select id from jobs")}
        self.assertEqual(acknowledged - stored, set())


if __name__ == "__main__":
    unittest.main()
