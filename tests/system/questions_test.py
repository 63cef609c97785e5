"""fabric show, list, result, logs, events, lanes, nodes and config check: what comes out."""

import json
import shutil
import signal
import subprocess
import unittest

from harness import DEADLINE_S, ROOT, Node, NodeTest, SharedNodeTest, eventually


class Jobs(SharedNodeTest):
    def test_show_has_the_row_the_input_the_result_and_every_attempt(self):
        job = self.n.run('echo "oh no" >&2; [ $FABRIC_ATTEMPT = 2 ] && echo [7] > $FABRIC_RESULT')
        end = self.n.wait(job)
        self.assertEqual((end["state"], end["result"], end["counts"]["failures"]), ("succeeded", [7], 1))
        first, second = end["attempts"]
        self.assertEqual((first["number"], first["outcome"], first["node"], first["worker"], first["lane"]),
                         (1, "failed", "n1", "fast@n1", "fast"))
        self.assertEqual((second["outcome"], second["report"]), ("succeeded", None))
        self.assertLess(first["fence"], second["fence"])
        self.assertLessEqual(first["ended_at"], second["started_at"])
        report = first["report"]
        self.assertEqual((report["cause"], report["exit_code"], report["signal"]), ("failed", 1, None))
        self.assertEqual(report["stderr"]["tail"], "oh no\n")
        self.assertEqual([t["what"] for t in report["timeline"]],
                         ["accepted", "started", "main process ended", "all gone"])

    def test_what_does_not_exist_is_exit_code_4(self):
        for words in [("show", 999999), ("result", 999999), ("logs", 999999), ("cancel", 999999), ("kick", 999999),
                      ("wait", 999999)]:
            with self.subTest(words=words):
                answer = self.n.fabric(*words)
                self.assertEqual(answer.code, 4, answer)
                self.assertEqual(answer.lines[-1]["error"]["code"], "not_found")
                self.assertIn("999999", answer.err + answer.out)

    def test_result_prints_what_the_job_wrote(self):
        job = self.n.run('echo \'{"π": [1.5, null, "x"]}\' > $FABRIC_RESULT')
        self.n.wait(job)
        self.assertEqual(self.n.good("result", job)[0]["result"], {"π": [1.5, None, "x"]})
        self.assertEqual(json.loads(self.n.fabric("result", job, as_json=False).out), {"π": [1.5, None, "x"]})
        none = self.n.run("true")
        self.n.wait(none)
        self.assertEqual(self.n.fabric("result", none, as_json=False).out, "null\n")

    def test_result_of_a_job_that_failed_or_runs(self):
        failed = self.n.run("exit 4", "--max-attempts", 1)
        self.n.wait(failed)
        answer = self.n.fabric("result", failed)
        self.assertEqual((answer.code, answer.lines[0]["state"]), (1, "buried"))
        running = self.n.run(self.n.gate("result"))
        self.assert_refused(self.n.fabric("result", running), "wrong_state", "no result yet")
        self.n.open_gate("result")
        self.n.wait(running)

    def test_a_result_of_one_mebibyte_is_kept_and_a_larger_one_fails(self):
        script = "head -c %d /dev/zero | tr '\\0' x > x; (printf '\"'; cat x; printf '\"') > $FABRIC_RESULT"
        fits = self.n.wait(self.n.run(script % ((1 << 20) - 2)))
        self.assertEqual((fits["state"], len(fits["result"])), ("succeeded", (1 << 20) - 2))
        end = self.n.wait(self.n.run(script % ((1 << 20) - 1), "--max-attempts", 1))
        self.assertEqual(end["state"], "buried")
        self.assertIn("bad_result", end["reason"])


class Listing(SharedNodeTest):
    config = {"classes": {"cat": {"command": ["/bin/cat"]}}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = [cls.n.run("true", "--owner", "o") for _ in range(3)]
        cls.bad = [cls.n.run("exit 1", "--max-attempts", 1, "--lane", "slow") for _ in range(2)]
        cls.later = cls.n.submit("cat", None, "--delay", "1h")
        cls.n.fabric("wait", *cls.good, *cls.bad)

    def listed(self, *words):
        return [j["id"] for j in self.n.good("list", *words)]

    def test_list_is_newest_first(self):
        self.assertEqual(self.listed(), sorted([*self.good, *self.bad, self.later], reverse=True))

    def test_filters_by_state_lane_and_class(self):
        self.assertEqual(self.listed("--state", "buried"), self.bad[::-1])
        self.assertEqual(self.listed("--state", "succeeded,scheduled"), [self.later, *self.good[::-1]])
        self.assertEqual(self.listed("--lane", "slow"), self.bad[::-1])
        self.assertEqual(self.listed("--class", "cat"), [self.later])
        self.assertEqual(self.listed("--class", "sh", "--lane", "slow", "--state", "succeeded"), [])
        self.assertEqual(self.listed("--class", "none-such"), [])

    def test_a_cursor_walks_through_all(self):
        walked, after = [], []
        while page := self.listed("--limit", 2, *after):
            self.assertLessEqual(len(page), 2)
            walked += page
            after = ["--after", page[-1]]
        self.assertEqual(walked, self.listed())

    def test_tables_have_a_line_per_job(self):
        lines = self.n.fabric("list", as_json=False).out.splitlines()
        self.assertEqual(len(lines), 7)
        self.assertEqual(lines[0].split()[:4], ["ID", "STATE", "CLASS", "LANE"])
        self.assertNotIn("\x1b", "".join(lines))  # No colours into a pipe.

    def test_lanes_count_what_is_in_them(self):
        answer = self.n.good("lanes")[0]
        self.assertEqual(answer["policy"], "fast-first")
        fast, slow = answer["lanes"]
        self.assertEqual([fast["lane"], fast["slots"], fast["serving"], slow["lane"], slow["slots"]],
                         ["fast", 2, True, "slow", 1])
        self.assertEqual((fast["counts"]["succeeded"], fast["scheduled"], slow["counts"]["buried"]), (3, 1, 2))

    def test_events_are_numbered_and_name_the_job(self):
        for job in self.bad:
            self.assertEqual([e["kind"] for e in self.n.events(job=job)], ["buried"])
        numbers = [e["id"] for e in self.n.events()]
        self.assertEqual(numbers, sorted(set(numbers)))
        behind = self.n.good("events", "--after", numbers[0])
        self.assertEqual([e["id"] for e in behind], numbers[1:])
        self.assertEqual(len(self.n.good("events", "--limit", 1)), 1)


class Live(NodeTest):
    def test_nodes_shows_workers_and_what_they_hold(self):
        n = self.node()
        job = n.run(n.gate("nodes"))
        n.started(job)
        held = eventually(lambda: n.good("nodes")[0]["nodes"][0]["workers"][0]["held"], "the job is held")
        self.assertEqual([h["job"] for h in held], [job])
        n.open_gate("nodes")
        n.wait(job)

    def test_events_follow_tells_what_happens_from_now_on(self):
        n = self.node()
        watcher = n.background("events", "--follow")
        self.addCleanup(watcher.communicate)
        self.addCleanup(watcher.kill)
        first = json.loads(watcher.stdout.readline())  # It is there.
        job = n.run("exit 1", "--max-attempts", 1)
        while (event := json.loads(watcher.stdout.readline()))["job"] != job:
            self.assertGreater(event["id"], first["id"])
        self.assertEqual((event["kind"], event["text"]), ("buried", "exit code 1"))


    def test_events_follow_survives_a_restart(self):
        n = self.node()
        watcher = n.background("events", "--follow")
        self.addCleanup(watcher.communicate)
        self.addCleanup(watcher.kill)
        def next_of(job):
            while (event := json.loads(watcher.stdout.readline()))["job"] != job:
                pass
            return event["id"]
        before = next_of(n.run("exit 1", "--max-attempts", 1))
        n.kill()
        n.start()
        job = n.run("exit 1", "--max-attempts", 1)
        self.assertGreater(next_of(job), before)


class Logs(NodeTest):
    def test_stdout_stderr_and_each_attempt_have_their_own(self):
        n = self.node()
        job = n.run("echo out $FABRIC_ATTEMPT; echo err $FABRIC_ATTEMPT >&2; [ $FABRIC_ATTEMPT = 2 ]")
        n.wait(job)
        def text(*words):
            return "".join(piece["text"] for piece in n.good("logs", job, *words))
        self.assertEqual(text(), "out 2\n")
        self.assertEqual(text("--stderr"), "err 2\n")
        self.assertEqual(text("--attempt", 1), "out 1\n")
        self.assertEqual(text("--attempt", 1, "--stderr"), "err 1\n")
        self.assertEqual(text("--follow"), "out 2\n")
        self.assertEqual(n.fabric("logs", job, "--attempt", 3).code, 4)
        self.assertEqual(n.fabric("logs", job, as_json=False).out, "out 2\n")

    def test_large_output_comes_whole(self):
        n = self.node()
        job = n.run("seq 1 300000")
        n.wait(job)
        self.assertEqual(n.fabric("logs", job, as_json=False).out, "".join(f"{i}\n" for i in range(1, 300001)))

    def test_output_cut_in_the_middle_is_told_and_never_stalls(self):
        n = self.node({"classes": {"sh": {"limits": {"output": "64KiB"}}}})
        # The head ends at a page, so in the middle of a character: there is one byte in front of those of two.
        job = n.run("printf x; yes éééééééé | head -c 1000000; exit 0")
        follower = n.background("logs", job, "--follow")
        out, err = follower.communicate(timeout=DEADLINE_S)
        self.assertEqual((follower.returncode, bool(out)), (0, True), err)
        pieces = n.good("logs", job)
        cut = [p["skipped"] for p in pieces if p["skipped"]]
        self.assertEqual(len(cut), 1, cut)
        done = subprocess.run(n.argv("logs", job, as_json=False), capture_output=True, timeout=DEADLINE_S, check=True)
        self.assertEqual(len(done.stdout) + cut[0], 1000001)
        self.assertIn(f"... {cut[0]} bytes cut ...", done.stderr.decode())

    def test_follow_goes_over_attempts_and_survives_a_restart(self):
        n = self.node()
        job = n.run(f"echo begin $FABRIC_ATTEMPT; {n.gate('a')}; echo middle; {n.gate('b')}; [ $FABRIC_ATTEMPT = 2 ]")
        follower = n.background("logs", job, "--follow", as_json=False)
        self.assertEqual(follower.stdout.readline(), "begin 1\n")
        n.kill()
        n.open_gate("a")
        n.start()
        self.assertEqual(follower.stdout.readline(), "middle\n")
        n.open_gate("b")
        rest, err = follower.communicate(timeout=DEADLINE_S)
        self.assertEqual((follower.returncode, rest), (0, "begin 2\nmiddle\n"), err)

    def test_follow_goes_past_an_attempt_whose_output_is_not_kept(self):
        n = self.node()
        job = n.run(f"echo begin $FABRIC_ATTEMPT; {n.gate('a')}; [ $FABRIC_ATTEMPT = 3 ]")
        follower = n.background("logs", job, "--follow", as_json=False)
        self.assertEqual(follower.stdout.readline(), "begin 1\n")
        follower.send_signal(signal.SIGSTOP)
        n.open_gate("a")
        n.wait(job)
        shutil.rmtree(next(n.spool.glob(f"*/{job}.2")))
        follower.send_signal(signal.SIGCONT)
        out, err = follower.communicate(timeout=DEADLINE_S)
        self.assertEqual((follower.returncode, out), (0, "begin 3\n"), err)
        self.assertIn("attempt 2", err)
        answer = n.fabric("logs", job, "--attempt", 2)
        self.assertEqual(answer.code, 4, answer)
        self.assertIn("not kept", answer.err)

    def test_follow_of_a_job_that_has_not_begun_waits_for_it(self):
        n = self.node({"lanes": [{"name": "fast", "slots": 1}]})
        blocker = n.run(n.gate("a"))
        n.started(blocker)
        job = n.run("echo at last")
        n.kill()
        follower = n.background("logs", job, "--follow", "--patience", "20s", as_json=False)
        self.assertIn("trying again", follower.stderr.readline())
        n.start()
        self.assertIn("reached", follower.stderr.readline())  # So it has asked, and nothing was there yet.
        n.open_gate("a")
        out, err = follower.communicate(timeout=DEADLINE_S)
        self.assertEqual((follower.returncode, out), (0, "at last\n"), err)


class ConfigCheck(NodeTest):
    def test_every_problem_is_named_at_once(self):
        node = self.node(start=False)
        node.config_file.write_text(
            '{\n  "lanes": [{"name": "fast", "slots": -1, "budgett": "1s"}],\n'
            '  "routing": {"policy": "fastfirst"},\n'
            '  "classes": {"a": {"command": ["relative"]}},\n  "lease": {"first": "5 parsecs"}\n}\n')
        answer = node.fabric("config", "check", node.config_file)
        self.assertEqual(answer.code, 2)
        checked = json.loads(answer.out)
        found = {p["pointer"]: (p["line"], p["message"]) for p in checked["problems"]}
        self.assertFalse(checked["ok"])
        self.assertEqual({k: v[0] for k, v in found.items()},
                         {"/lanes/0/slots": 2, "/lanes/0/budgett": 2, "/routing/policy": 3, "/classes/a/command/0": 4,
                          "/lease/first": 5})
        self.assertIn('"budget"', found["/lanes/0/budgett"][1])
        self.assertIn('"fast-first"', found["/routing/policy"][1])

    def test_the_shipped_files_are_good(self):
        for file in sorted((ROOT / "config").glob("*.json")):
            with self.subTest(file=file.name):
                answer = Node("/tmp").fabric("config", "check", file)
                self.assertEqual((answer.code, answer.lines[0]["ok"]), (0, True), answer)

    def test_a_data_directory_too_long_for_a_socket_is_refused_at_the_start_too(self):
        node = self.node(start=False)
        node.data = node.directory / ("d" * 100)
        code, err = node.refuses_to_start()
        self.assertEqual(code, 2, err)
        self.assertIn(str(node.data), err)

    def test_a_missing_file_is_named(self):
        answer = Node("/tmp").fabric("config", "check", "/no/such.json")
        self.assertEqual(answer.code, 2)
        self.assertIn("/no/such.json", answer.out + answer.err)


class WaitsSurvive(NodeTest):
    def test_wait_survives_a_kill_of_fabricd_and_a_drain(self):
        n = self.node()
        first, job = n.run("true"), n.run(n.gate("a"))
        n.started(job)
        waiter = n.background("wait", first, job)
        self.assertEqual(json.loads(waiter.stdout.readline())["id"], first)  # It was connected.
        for stop in (n.kill, lambda: (n.signal(signal.SIGUSR2), n.end())):
            stop()
            n.start()
        n.open_gate("a")
        out, err = waiter.communicate(timeout=DEADLINE_S)
        self.assertEqual((waiter.returncode, json.loads(out).get("state")), (0, "succeeded"), out + err)

    def test_a_fabric_that_stands_still_does_not_outlast_the_timeout(self):
        n = self.node()
        job = n.run(n.gate("a"))
        n.started(job)
        waiter = n.background("wait", job, "--timeout", "500ms", as_json=False)
        n.signal(signal.SIGSTOP)
        self.addCleanup(n.signal, signal.SIGCONT)
        out, err = waiter.communicate(timeout=DEADLINE_S)  # Less than the client's own limits.
        self.assertIn(waiter.returncode, (3, 6), out + err)
        n.signal(signal.SIGCONT)

    def test_a_fabric_that_stands_still_counts_as_unreachable(self):
        n = self.node()
        n.signal(signal.SIGSTOP)
        self.addCleanup(n.signal, signal.SIGCONT)
        answer = n.fabric("lanes")
        self.assertEqual(answer.code, 3, answer)
        self.assertIn(n.address, answer.err)

    def test_submit_with_wait_survives_a_kill_of_fabricd(self):
        n = self.node()
        client = n.background("submit", "sh", "--input", json.dumps({"run": n.gate("a")}), "--wait")
        job = json.loads(client.stdout.readline())["id"]
        n.started(job)
        n.kill()
        n.start()
        n.open_gate("a")
        out, err = client.communicate(timeout=DEADLINE_S)
        self.assertEqual((client.returncode, json.loads(out)["state"]), (0, "succeeded"), err)

    def test_run_with_wait_survives_a_kill_of_fabricd(self):
        n = self.node({"allow_ad_hoc": True})
        client = n.background("run", "--wait", "--", "sh", "-c", f"echo up; {n.gate('a')}; echo down", as_json=False)
        self.assertEqual(client.stdout.readline(), "up\n")
        n.kill()
        n.start()
        n.open_gate("a")
        out, err = client.communicate(timeout=DEADLINE_S)
        self.assertEqual((client.returncode, out), (0, "down\n"), err)

    def test_wait_gives_up_after_its_patience(self):
        n = self.node()
        job = n.run(n.gate("a"))
        n.started(job)
        waiter = n.background("wait", job, "--patience", "200ms")
        n.kill()
        out, err = waiter.communicate(timeout=DEADLINE_S)
        self.assertEqual(waiter.returncode, 3, out + err)
        self.assertIn(n.address, err)


if __name__ == "__main__":
    unittest.main()
