"""The operator's tools: store backup, check and info, doctor, config show, cancel and kick of many, top, completion."""

import contextlib
import os
import pty
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from harness import BIN, DEADLINE_S, Node, NodeTest, SharedNodeTest, shell_class


class Store(NodeTest):
    def tool(self, n, *words):
        return n.fabric("store", *words, "--data", n.data)

    def test_a_backup_of_a_busy_node_is_a_store_that_goes_on(self):
        n = self.node()
        blocked = n.run(n.gate("a"))
        n.started(blocked)
        jobs = [n.run("true", "--delay", "1h") for _ in range(20)]
        many = n.directory / "many.jsonl"
        many.write_text('{"class": "sh", "input": {"run": "true"}, "delay": "1h"}\n' * 5000)
        writer = n.background("submit", "--file", many)
        copy = n.directory / "copy.db"
        answer = self.tool(n, "backup", copy)
        writer.communicate(timeout=DEADLINE_S)
        self.assertEqual(writer.returncode, 0)
        self.assertEqual(answer.code, 0, answer)
        self.assertEqual(answer.lines[0]["bytes"], copy.stat().st_size)
        self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        self.assert_refused(self.tool(n, "backup", copy), "wrong_state", "exists already")

        other = Node(tempfile.mkdtemp(prefix="fabric-test-"))
        self.addCleanup(shutil.rmtree, other.directory, ignore_errors=True)
        self.addCleanup(other.kill_everything)
        other.data.mkdir(mode=0o700)
        shutil.copy(copy, other.data / "store.db")
        self.assertTrue(self.tool(other, "check").lines[0]["ok"])
        other.start()
        self.assertEqual(other.show(jobs[-1])["state"], "scheduled")
        new = other.run("true")
        self.assertGreater(new, jobs[-1])
        self.assertEqual(other.wait(new)["state"], "succeeded")
        n.open_gate("a")
        self.assertEqual(n.wait(blocked)["state"], "succeeded")

    def test_check_and_info_while_the_node_runs_and_after_it(self):
        n = self.node()
        n.wait(n.run("echo hello"))
        n.run("true", "--delay", "1h")
        running = self.tool(n, "info").lines[0]
        self.assertEqual(running["jobs"]["succeeded"], 1)
        self.assertEqual(running["jobs"]["scheduled"], 1)
        self.assertFalse(running["closed_cleanly"])
        self.assertGreater(running["spool_files"], 0)
        self.assertTrue(self.tool(n, "check").lines[0]["ok"])
        n.drain()
        closed = self.tool(n, "info").lines[0]
        self.assertTrue(closed["closed_cleanly"])
        self.assertEqual(closed["fence"], 1)
        text = n.fabric("store", "info", "--data", n.data, as_json=False).out
        self.assertIn("1 scheduled", text)

    def test_check_names_what_is_wrong(self):
        n = self.node()
        job = n.wait(n.run("true"))["id"]
        n.drain()
        with contextlib.closing(sqlite3.connect(n.data / "store.db")) as db:
            db.execute("DELETE FROM results")
            db.commit()
        answer = self.tool(n, "check")
        self.assertEqual(answer.code, 1, answer)
        self.assertIn({"rule": "jobs that succeeded, and only they, have a result", "what": f"job {job}"},
                      answer.lines[0]["violations"])

    def test_no_store_there(self):
        n = self.node(start=False)
        n.data.mkdir()
        for what in (("check",), ("info",), ("backup", n.directory / "copy.db")):
            self.assertEqual(self.tool(n, *what).code, 5)
        self.assertEqual(list(n.data.iterdir()), [])


class Doctor(NodeTest):
    def findings(self, answer):
        return {f["name"]: f for f in answer.lines[0]["findings"]}

    def test_a_running_node(self):
        n = self.node()
        answer = n.fabric("doctor", "--config", n.config_file, "--data", n.data)
        found = self.findings(answer)
        for name in ("SQLite", "fsync", "cgroup v2", "subreaper", "clock", "RLIMIT_NOFILE", "RLIMIT_NPROC",
                     "RLIMIT_CORE", "inodes of the spool", "disk of the store", "class sh", "configuration"):
            self.assertIn(name, found)
        self.assertEqual(found["class sh"]["health"], "ok")
        self.assertIn(f"fabricd (process {n.process.pid})", found["RLIMIT_NOFILE"]["what"])
        self.assertEqual(answer.code, 1 if any(f["health"] == "bad" for f in found.values()) else 0)
        self.assertEqual([p.name for p in n.data.glob(".doctor*")], [])

    def test_what_is_bad_is_named_and_ends_with_1(self):
        n = self.node({"classes": {"gone": {"command": ["/nowhere/program"]}}, "store": {"disk_low": "1024TiB"}},
                      start=False)
        n.command()
        answer = n.fabric("doctor", "--config", n.config_file, "--data", n.data)
        self.assertEqual(answer.code, 1, answer)
        found = self.findings(answer)
        self.assertEqual(found["class gone"]["health"], "bad")
        self.assertIn("/nowhere/program", found["class gone"]["what"])
        self.assertEqual(found["disk of the store"]["health"], "bad")
        self.assertFalse(n.data.exists())

    def test_a_configuration_with_problems_is_a_finding(self):
        n = self.node(start=False)
        n.config_file.write_text('{"node": {"nmae": "x"}}')
        answer = n.fabric("doctor", "--config", n.config_file, "--data", n.data)
        self.assertEqual(answer.code, 1)
        self.assertIn("nmae", self.findings(answer)["configuration"]["what"])


class Words(SharedNodeTest):
    config = {"classes": {"bad": shell_class(max_attempts=1)}}

    def test_config_show(self):
        shown = self.n.fabric("config", "show", self.n.config_file, as_json=False)
        self.assertEqual(shown.code, 0, shown)
        self.assertIn('"disk_low": "1MiB", // line 1', shown.out)
        copy = self.n.directory / "shown.json"
        copy.write_text(shown.out)
        self.assertEqual(self.n.good("config", "check", copy)[0]["ok"], True)
        as_json = self.n.good("config", "show", self.n.config_file)[0]
        self.assertIn("/node/name", as_json["set"])
        self.assertNotIn("/lease/max", as_json["set"])
        self.assertEqual(as_json["config"]["lease"]["max"], "20m")

    def test_cancel_of_many(self):
        jobs = [self.n.run("true", "--delay", "1h", "--owner", "many") for _ in range(5)]
        other = self.n.run("true", "--delay", "1h", job_class="bad")
        dry = self.n.good("cancel", "--class", "sh", "--state", "scheduled", "--dry-run")
        self.assertEqual(sorted(line["id"] for line in dry), jobs)
        self.assertEqual(self.n.show(jobs[0])["state"], "scheduled")
        answer = self.n.fabric("cancel", "--class", "sh", "--state", "scheduled", as_json=False)
        self.assertEqual((answer.code, answer.out), (0, "cancel: 5 of 5 jobs\n"))
        self.assertEqual({self.n.show(j)["state"] for j in jobs}, {"cancelled"})
        self.assertEqual(self.n.show(other)["state"], "scheduled")
        again = self.n.fabric("cancel", "--class", "sh", "--state", "scheduled", as_json=False)
        self.assertEqual((again.code, again.out), (0, "cancel: 0 of 0 jobs\n"))
        self.n.good("cancel", other)

    def test_kick_of_many_by_their_error(self):
        jobs = [self.n.run(f"exit {code}", job_class="bad") for code in (3, 4, 3)]
        for job in jobs:
            self.n.until(job, "buried")
        reason = self.n.show(jobs[0])["reason"]
        self.assertNotEqual(reason, self.n.show(jobs[1])["reason"])
        lines = self.n.good("kick", "--class", "bad", "--error", reason)
        self.assertEqual(sorted(line["id"] for line in lines), [jobs[0], jobs[2]])
        for job in jobs:
            self.n.until(job, "buried")
        self.assertEqual([len(self.n.show(job)["attempts"]) for job in jobs], [2, 1, 2])

    def test_a_terminal_is_asked(self):
        job = self.n.run("true", "--delay", "1h", "--lane", "slow")
        for words, state in ((b"n\n", "scheduled"), (b"y\n", "cancelled")):
            ours, theirs = pty.openpty()
            os.write(ours, words)
            done = subprocess.run(self.n.argv("cancel", "--lane", "slow"), stdin=theirs, capture_output=True,
                                  timeout=DEADLINE_S, check=False)
            os.close(ours)
            os.close(theirs)
            self.assertIn(b"cancel 1 job? [y/N]", done.stderr)
            self.assertEqual(done.returncode, 0 if state == "cancelled" else 5)
            self.assertEqual(self.n.show(job)["state"], state)

    def test_top(self):
        job = self.n.run(self.n.gate("top"))
        self.n.started(job)
        answer = self.n.good("top", "--once")[0]
        self.assertIn(job, [j["job"] for j in answer["running"]])
        self.assertEqual([lane["lane"] for lane in answer["lanes"]], ["fast", "slow"])
        text = self.n.fabric("top", "--once", as_json=False).out
        self.assertIn("policy fast-first", text)
        self.assertIn(f"{job}", text)
        self.n.open_gate("top")
        self.n.wait(job)


class Completion(unittest.TestCase):
    def complete(self, *words):
        """What bash offers for the last word."""
        script = subprocess.run([BIN / "fabric", "completion", "bash"], capture_output=True, text=True, check=True,
                                timeout=DEADLINE_S).stdout
        line = "COMP_WORDS=(fabric " + " ".join(f"'{w}'" for w in words) + f"); COMP_CWORD={len(words)}; _fabric; " \
               "printf '%s\\n' \"${COMPREPLY[@]}\""
        done = subprocess.run(["bash", "--norc", "-c", script + line], capture_output=True, text=True, check=True,
                              timeout=DEADLINE_S)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_subcommands(self):
        self.assertEqual(self.complete("sto"), ["store"])
        self.assertEqual(sorted(self.complete("store", "")), ["backup", "check", "info"])
        self.assertEqual(self.complete("--json", "--node", "a:1", "config", "sh"), ["show"])

    def test_options(self):
        self.assertEqual(self.complete("submit", "--idem"), ["--idempotency-key"])
        self.assertIn("--dry-run", self.complete("kick", "--"))
        self.assertNotIn("--dry-run", self.complete("show", "--"))
        self.assertIn("--json", self.complete("show", "--"))

    def test_the_value_of_an_option_is_left_to_bash(self):
        self.assertEqual(self.complete("list", "--class", "st"), [])


if __name__ == "__main__":
    unittest.main()
