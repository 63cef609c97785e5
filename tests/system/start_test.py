"""What fabricd refuses to start with, by which exit code, and that it harms nothing then."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import unittest

from harness import BIN, Node, NodeTest, eventually, shell_class

USAGE, CANNOT_START, STORE_FAILED = 2, 3, 70
NOBODY = 65534


class StartTest(NodeTest):
    def assert_gives_up(self, node, code, *words, options=(), prefix=()):
        found, said = node.refuses_to_start(*options, prefix=prefix)
        self.assertEqual(found, code, said)
        for word in words:
            self.assertIn(word, said)
        return said

    def launch_as_nobody(self, node):
        """Starts fabricd as another user, from a copy of the programs that this user can reach."""
        programs = node.directory / "bin"
        shutil.copytree(BIN, programs)
        for path in (node.directory, programs):
            os.chmod(path, 0o755)
        command = node.command()
        for path in (node.directory, node.config_file):
            os.chown(path, NOBODY, NOBODY)
        with open(node.log_file, "ab") as log:
            node.process = subprocess.Popen(
                [str(programs / "fabricd"), *command[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                text=True, user=NOBODY, group=NOBODY, extra_groups=[], cwd=node.directory)
        self.assertIn(" ready on ", node.first_line())


class Refusals(StartTest):
    @unittest.skipUnless(os.geteuid() == 0, "only root can be refused")
    def test_root_without_allow_root(self):
        node = self.node({"node": {"allow_root": False}}, start=False)
        self.assert_gives_up(node, USAGE, "root", "allow_root")
        self.assertFalse(node.data.exists())

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become another user")
    def test_another_user_may_run_it_without_allow_root(self):
        node = self.node({"node": {"allow_root": False}}, start=False)
        self.launch_as_nobody(node)
        job = node.run("id -u")
        self.assertEqual(node.wait(job)["state"], "succeeded")
        self.assertEqual(node.good("logs", job)[0]["text"], "65534\n")

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_a_spool_that_cannot_be_read_is_named_and_costs_no_attempt(self):
        node = self.node({"node": {"allow_root": False}}, start=False)
        node.data.mkdir(mode=0o700)
        node.spool.mkdir(mode=0o700)  # Stays root's.
        os.chown(node.data, NOBODY, NOBODY)
        self.launch_as_nobody(node)
        job = node.run("true", "--max-attempts", 1)
        eventually(lambda: re.search(rf"{re.escape(str(node.spool))}\S*: Permission denied", node.log()), "it is named")
        self.assertEqual(node.show(job)["state"], "ready")
        os.chown(node.spool, NOBODY, NOBODY)
        end = node.wait(job)
        self.assertEqual((end["state"], end["attempt"]), ("succeeded", 1))

    def test_a_listen_address_that_is_no_address(self):
        for address in (":7600", "*:7600", "example.org:7600", "0:7600"):
            with self.subTest(address=address):
                node = self.node({"node": {"listen": address}}, start=False)
                self.assert_gives_up(node, USAGE, "/node/listen")

    def test_a_config_with_problems_names_them_all(self):
        node = self.node({"lanes": [], "routing": {"policy": "best-first"}, "colour": 1}, start=False)
        self.assert_gives_up(node, USAGE, "/lanes", "/routing/policy", "/colour")

    def test_settings_on_the_command_line_are_checked_too(self):
        node = self.node(start=False)
        self.assert_gives_up(node, USAGE, "/lanes/0/slots", options=("--set", "/lanes/0/slots=many"))
        self.assert_gives_up(node, USAGE, "/lains", options=("--set", "/lains/0/slots=1"))
        self.assert_gives_up(node, USAGE, "nonsense", options=("--set", "nonsense"))

    def test_a_second_fabricd_on_the_same_store_is_told_the_pid_of_the_first(self):
        first = self.node()
        second = Node(first.directory, {"node": {"name": "n2"}})
        self.assert_gives_up(second, CANNOT_START, f"process {first.process.pid}")
        job = first.run("true")
        self.assertEqual(first.wait(job)["state"], "succeeded")  # The first did not notice.

    def test_an_address_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            node = self.node({"node": {"listen": f"127.0.0.1:{port}"}}, start=False)
            self.assert_gives_up(node, CANNOT_START, f"{port}")

    def test_a_data_directory_that_cannot_be_made_or_is_another_s(self):
        node = self.node(start=False)
        node.data = node.directory / "file" / "data"
        (node.directory / "file").write_text("in the way")
        self.assert_gives_up(node, USAGE, str(node.data))
        if os.geteuid() == 0:
            node.data = node.directory / "theirs"
            node.data.mkdir()
            os.chown(node.data, 65534, 65534)
            self.assert_gives_up(node, USAGE, str(node.data), "another user")

    def test_the_data_directory_is_private(self):
        node = self.node()
        node.wait(node.run("true"))
        self.assertEqual(node.data.stat().st_mode & 0o077, 0)
        self.assertEqual((node.data / "store.db").stat().st_mode & 0o077, 0)
        self.assertEqual((node.data / "runner.sock").stat().st_mode & 0o077, 0)

    def test_a_lane_with_jobs_must_stay_configured(self):
        node = self.node()
        job = node.run("true", "--lane", "slow", "--delay", "1h")
        node.drain()
        slow = node.config["lanes"].pop()
        node.config["lanes"][0].pop("budget", None)
        self.assert_gives_up(node, CANNOT_START, "1 job in slow", "/lanes")
        node.config["lanes"].append(slow)
        node.start()
        node.good("cancel", job)
        node.drain()
        node.config["lanes"].pop()
        node.start()

    @unittest.skipIf(os.geteuid() != 0, "only root can become somebody else")
    def test_a_class_may_run_as_another_user(self):
        node = self.node({"classes": {"other": shell_class(user="nobody")}}, start=False)
        node.directory.chmod(0o711)
        node.start()
        job = node.run("id -un; umask; echo kept > $FABRIC_CHECKPOINT_DIR/state; echo 1 > $FABRIC_RESULT",
                       job_class="other")
        self.assertEqual(node.wait(job)["result"], 1)
        self.assertEqual(node.fabric("logs", job, as_json=False).out, "nobody\n0022\n")
        self.assertEqual(node.data.stat().st_mode & 0o777, 0o711)
        self.assertEqual((node.data / "store.db").stat().st_mode & 0o077, 0)

    def test_a_class_whose_user_is_not_here_is_unavailable(self):
        node = self.node({"classes": {"other": shell_class(user="no-such-user-here")}})
        refused = eventually(lambda: (a := node.fabric("submit", "other", "--input", '{"run": "true"}')).code and a,
                             "the class is unavailable")
        self.assert_refused(refused, "class_unavailable", '"other"')
        self.assertIn("no such user: no-such-user-here", node.log())


class BadStores(StartTest):
    def stopped_node_with_jobs(self):
        node = self.node()
        node.good("submit", "--file", "-", stdin=b'{"class":"sh","input":{"run":"true"},"delay":"1h"}\n' * 300)
        node.kill_everything()
        return node

    def test_a_store_from_a_newer_version_is_left_alone(self):
        node = self.stopped_node_with_jobs()
        with sqlite3.connect(node.data / "store.db") as db:
            db.execute("PRAGMA user_version=4711")
        db.close()
        before = (node.data / "store.db").read_bytes()
        self.assert_gives_up(node, STORE_FAILED, "4711")
        self.assertEqual((node.data / "store.db").read_bytes(), before)

    def test_a_damaged_store_is_found_at_the_start_after_a_crash(self):
        node = self.stopped_node_with_jobs()
        with sqlite3.connect(node.data / "store.db") as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        with open(node.data / "store.db", "r+b") as store:
            size = store.seek(0, os.SEEK_END)
            for page in range(3, size // 4096, 2):
                store.seek(page * 4096)
                store.write(b"\xff" * 512)
        self.assert_gives_up(node, STORE_FAILED, "store.db")

    def test_a_file_that_is_no_database(self):
        node = self.node(start=False)
        node.data.mkdir(mode=0o700)
        (node.data / "store.db").write_bytes(b"certainly not a database\n" * 400)
        self.assert_gives_up(node, STORE_FAILED, "store.db")
        self.assertTrue((node.data / "store.db").read_bytes().startswith(b"certainly"))


class Start(StartTest):
    def test_the_ready_line_names_node_port_policy_and_lanes(self):
        node = self.node()
        self.assertRegex(node.ready_line, rf"^fabricd n1 ready on port {node.port}: policy fast-first, "
                                          rf"lanes fast slow, data {re.escape(str(node.data))}$")

    def test_json_logs_are_json_by_the_line(self):
        node = self.node({"log": {"format": "json"}})
        job = node.run("[ $FABRIC_ATTEMPT = 2 ] || exec sleep 1000")
        node.started(job)
        for pid in node.keepers():
            os.kill(pid, signal.SIGKILL)  # Of which the runner has something to say.
        self.assertEqual(node.wait(job)["state"], "succeeded")
        code, _ = node.drain()
        self.assertEqual(code, 0)
        said = [json.loads(line) for line in node.log().splitlines()]
        for line in said:
            self.assertEqual(set(line), {"time", "level", "message"})
        for part in ("store:", "fabric-runner:"):
            self.assertTrue([line for line in said if line["message"].startswith(part)], part)

    def test_why_it_cannot_start_is_json_too(self):
        node = self.node({"log": {"format": "json"}})
        second = Node(node.directory, {"log": {"format": "json"}})
        said = self.assert_gives_up(second, CANNOT_START, "cannot start").splitlines()
        self.assertEqual([set(json.loads(line)) for line in said], [{"time", "level", "message"}])

    def test_settings_go_over_the_file(self):
        node = self.node(start=False).start("--set", "/lanes/0/slots=7")
        self.assertEqual(node.good("lanes")[0]["lanes"][0]["lane"], "fast")
        node.wait(node.run("true"))
        self.assertEqual(node.good("nodes")[0]["nodes"][0]["workers"][0]["slots"], 7)

    def test_workers_of_the_node_go_over_the_lanes_slots(self):
        node = self.node({"node": {"workers": {"fast": 5, "slow": 0}}})
        job = node.run("true")
        node.wait(job)
        slots = {w["lane"]: w["slots"] for w in node.good("nodes")[0]["nodes"][0]["workers"]}
        self.assertEqual(slots, {"fast": 5, "slow": 0})
        jobs = [node.run(node.gate("a")) for _ in range(5)]
        for job in jobs:
            node.started(job)
        node.open_gate("a")
        node.wait(*jobs)

    def test_a_store_in_memory_runs_jobs_and_forgets_them(self):
        node = self.node({"store": {"kind": "memory"}})
        self.assertEqual(node.wait(node.run("true"))["state"], "succeeded")
        node.drain()
        node.start()
        self.assertEqual(node.good("list"), [])

    def test_version_and_help(self):
        for program in ("fabricd", "fabric", "fabric-runner", "fabric-sailor"):
            for option in ("--help",) + (("--version",) if program != "fabric-sailor" else ()):
                done = subprocess.run([BIN / program, option], capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, bool(done.stdout.strip())), (0, True), (program, option, done))


if __name__ == "__main__":
    unittest.main()
