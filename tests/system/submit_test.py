"""fabric submit, run and wait: what goes in, what is refused, and the exit codes."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import unittest

from harness import DEADLINE_S, Node, NodeTest, SharedNodeTest, free_port, shell_class

MIB = 1 << 20


class OneJob(SharedNodeTest):
    config = {"classes": {"any": {"command": ["/bin/cat"]}, "twice": shell_class(max_attempts=2)}}

    def test_submit_prints_the_number_and_wait_the_end(self):
        answer = self.n.fabric("submit", "sh", "--input", '{"run": "true"}', "--wait")
        self.assertEqual(answer.code, 0, answer)
        receipt, end = answer.lines
        self.assertEqual(receipt, {"id": end["id"], "duplicate": False})
        self.assertEqual((end["state"], end["attempt"], end["reason"]), ("succeeded", 1, None))

    def test_a_failed_job_is_exit_code_1(self):
        answer = self.n.fabric("submit", "sh", "--input", '{"run": "exit 9"}', "--max-attempts", 1, "--wait")
        self.assertEqual(answer.code, 1, answer)
        self.assertEqual(answer.lines[-1]["state"], "buried")
        self.assertIn("exit code 9", answer.lines[-1]["reason"])

    def test_input_comes_from_a_file_or_stdin_and_reaches_the_job(self):
        file = self.n.directory / "input.json"
        file.write_text('{"word": "from a file ü"}')
        by_file = self.n.good("submit", "any", "--input", f"@{file}", "--wait")[0]["id"]
        self.assertEqual(json.loads(self.n.good("logs", by_file)[0]["text"]), {"word": "from a file ü"})
        by_pipe = self.n.good("submit", "any", "--input", "-", "--wait", stdin=b'["from stdin", 1]')[0]["id"]
        self.assertEqual(self.n.show(by_pipe)["input"], ["from stdin", 1])
        self.assertEqual(json.loads(self.n.good("logs", by_pipe)[0]["text"]), ["from stdin", 1])

    def test_a_job_gets_its_input_by_path_and_its_names_in_the_environment(self):
        job = self.n.run('cat "$FABRIC_INPUT"; echo; echo $FABRIC_JOB_ID $FABRIC_ATTEMPT $FABRIC_CLASS $FABRIC_LANE '
                         "$FABRIC_NODE_NAME $FABRIC_FENCE", "--lane", "slow")
        end = self.n.wait(job)
        lines = self.n.good("logs", job)[0]["text"].splitlines()
        self.assertEqual(json.loads(lines[0]), end["input"])
        self.assertEqual(lines[1], f"{job} 1 sh slow n1 {end['attempts'][0]['fence']}")

    def test_labels_owner_priority_and_lane_are_kept(self):
        job = self.n.run("true", "--label", "a=1", "--label", "b=x=y", "--owner", "me", "--priority", 7,
                         "--lane", "slow")
        end = self.n.wait(job)
        self.assertEqual((end["labels"], end["owner"], end["priority"], end["lane"]),
                         ({"a": "1", "b": "x=y"}, "me", 7, "slow"))

    def test_max_attempts_of_the_job_goes_before_that_of_the_class(self):
        of_class = self.n.wait(self.n.run("exit 1", job_class="twice"))
        of_job = self.n.wait(self.n.run("exit 1", "--max-attempts", 4, job_class="twice"))
        self.assertEqual((of_class["attempt"], of_job["attempt"]), (2, 4))
        self.assertEqual(of_job["reason"], "failed 4 times: exit code 1")

    def test_wrong_usage_is_exit_code_2_and_names_the_option(self):
        for words, named in [((), "subcommand"), (("submit",), "CLASS"),
                             (("submit", "sh", "--priority", "x"), "priority"),
                             (("submit", "sh", "--delay", "5 parsecs"), "delay"), (("frob",), "subcommand"),
                             (("wait",), "ID"), (("wait", "0"), "ID"), (("list", "--state", "odd"), "odd"),
                             (("submit", "sh", "--input", "{oops"), "JSON"),
                             (("submit", "sh", "--input", '{"a":1,"a":2}'), "a"),
                             (("submit", "sh", "--input", "[" * 33 + "]" * 33), "32"),
                             (("submit", "sh", "--input", "@/no/such/file"), "/no/such/file"),
                             (("submit", "sh", "--file", "x", "--priority", "3"), "--file")]:
            with self.subTest(words=words):
                answer = self.n.fabric(*words)
                self.assertEqual(answer.code, 2, answer)
                self.assertIn(named, answer.err + answer.out)

    def test_invalid_utf8_is_refused_before_it_is_sent(self):
        answer = self.n.fabric("submit", "any", "--input", "-", stdin=b'"\xc3\x28"')
        self.assertEqual(answer.code, 2, answer)
        self.assertIn("UTF-8", answer.err)

    def test_one_mebibyte_of_input_goes_in_and_one_byte_more_is_refused(self):
        exact = json.dumps("x" * (MIB - 2)).encode()
        self.assertEqual(len(exact), MIB)
        job = self.n.good("submit", "any", "--input", "-", "--wait", stdin=exact)[0]["id"]
        self.assertEqual(len(self.n.show(job)["input"]), MIB - 2)
        answer = self.n.fabric("submit", "any", "--input", "-", stdin=json.dumps("x" * (MIB - 1)).encode())
        self.assertEqual(answer.code, 2, answer)
        self.assertIn(str(MIB), answer.err)

    def test_missing_values_of_a_command_are_refused_by_name(self):
        answer = self.n.fabric("submit", "sh", "--input", '{"walk": 1}')
        self.assert_refused(answer, "bad_input", "run")

    def test_unknown_class_and_lane_suggest_the_nearest(self):
        self.assert_refused(self.n.fabric("submit", "shh", "--input", '{"run":""}'), "unknown_class", '"shh"', '"sh"')
        self.assert_refused(self.n.fabric("submit", "sh", "--input", '{"run":""}', "--lane", "slwo"), "unknown_lane",
                            '"slwo"', '"slow"')

    def test_ad_hoc_commands_are_refused_by_default(self):
        self.assert_refused(self.n.fabric("run", "--", "/bin/true"), "not_allowed", "allow_ad_hoc")
        self.assert_refused(self.n.fabric("submit", "adhoc", "--input", '{"argv": ["/bin/true"]}'), "not_allowed",
                            "allow_ad_hoc")

    def test_submissions_that_time_out_waiting_are_exit_code_6_and_the_job_goes_on(self):
        answer = self.n.fabric("submit", "sh", "--input", json.dumps({"run": self.n.gate("six")}), "--wait",
                               "--timeout", "50ms")
        self.assertEqual(answer.code, 6, answer)
        self.n.open_gate("six")
        self.assertEqual(self.n.wait(answer.lines[0]["id"])["state"], "succeeded")


    def test_stdout_that_takes_no_more_is_exit_code_7_and_the_job_is_stored(self):
        before = self.n.sql("select count(*) from jobs")[0][0]
        with open("/dev/full", "wb") as full:
            done = subprocess.run(self.n.argv("submit", "sh", "--input", '{"run":"true"}'), stdin=subprocess.DEVNULL,
                                  stdout=full, stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, 7, done)
        self.assertIn("cannot write", done.stderr)
        self.assertEqual(self.n.sql("select count(*) from jobs")[0][0], before + 1)


class IdempotencyKeys(SharedNodeTest):
    def submit(self, key, script, *options):
        return self.n.fabric("submit", "sh", "--input", json.dumps({"run": script}), "--idempotency-key", key, *options)

    def test_a_key_twice_is_one_job(self):
        """G6, also when the first has ended."""
        first, second = self.submit("a", "true", "--wait"), self.submit("a", "true")
        self.assertEqual(first.lines[0], {"id": first.lines[0]["id"], "duplicate": False})
        self.assertEqual(second.lines, [{"id": first.lines[0]["id"], "duplicate": True}])
        self.assertEqual(second.code, 0)

    def test_a_key_with_another_input_is_refused(self):
        self.assertEqual(self.submit("b", "true").code, 0)
        self.assert_refused(self.submit("b", "false"), "key_conflict", "key")

    def test_many_clients_with_one_key_make_one_job(self):
        clients = [self.n.background("submit", "sh", "--input", '{"run":"true"}', "--idempotency-key", "c")
                   for _ in range(8)]
        answers = [json.loads(c.communicate(timeout=DEADLINE_S)[0]) for c in clients]
        self.assertEqual(len({a.get("id") for a in answers}), 1, answers)
        self.assertEqual(sum(not a["duplicate"] for a in answers), 1)

    def test_a_key_survives_a_restart(self):
        first = self.submit("d", "true").lines[0]["id"]
        self.n.kill()
        self.n.start()
        self.assertEqual(self.submit("d", "true").lines, [{"id": first, "duplicate": True}])


class ManyJobs(SharedNodeTest):
    def test_every_line_of_a_file_gets_an_answer(self):
        lines = ['{"class": "sh", "input": {"run": "true"}}', "not JSON", '{"class": "nope"}',
                 '{"class": "sh", "input": {"run": "true"}, "colour": "red"}', '{"class": "sh", "input": {}}',
                 '{"class": "sh", "input": {"run": "exit 1"}, "max_attempts": 1, "idempotency_key": "k"}']
        file = self.n.directory / "jobs.ndjson"
        file.write_text("\n".join(lines))  # The last line has no newline.
        answer = self.n.fabric("submit", "--file", file, "--wait")
        self.assertEqual(answer.code, 5, answer)  # Refused lines come before failed jobs.
        receipts = {line["line"]: line for line in answer.lines if "line" in line}
        codes = {n: r.get("error", {}).get("code") for n, r in receipts.items()}
        self.assertEqual(codes, {1: None, 2: "bad_input", 3: "unknown_class", 4: "bad_input", 5: "bad_input", 6: None})
        self.assertIn("colour", json.dumps(receipts[4]["error"]))
        ends = {line["id"]: line["state"] for line in answer.lines if "state" in line}
        self.assertEqual(ends, {receipts[1]["id"]: "succeeded", receipts[6]["id"]: "buried"})
        again = self.n.fabric("submit", "--file", file)
        self.assertIn({"line": 6, "id": receipts[6]["id"], "duplicate": True}, again.lines)

    def test_thousands_come_from_stdin_and_all_are_stored(self):
        before = self.n.sql("select count(*) from jobs")[0][0]
        text = b"".join(b'{"class":"sh","input":{"run":"true"},"delay":"1h"}\n' for _ in range(3000))
        answers = self.n.good("submit", "--file", "-", stdin=text)
        self.assertEqual(len({a["id"] for a in answers}), 3000)
        self.assertEqual([a["line"] for a in answers], list(range(1, 3001)))
        self.assertEqual(self.n.sql("select count(*) from jobs")[0][0], before + 3000)

    def test_a_client_killed_in_mid_submit_loses_nothing_that_was_acknowledged(self):
        file = self.n.directory / "large.ndjson"
        with open(file, "w", encoding="utf-8") as out:
            for i in range(20000):
                out.write('{"class":"sh","input":{"run":"true"},"delay":"1h","labels":{"mark":"%d"}}\n' % i)
        client = self.n.background("submit", "--file", file)
        seen = [client.stdout.readline() for _ in range(1500)]
        client.kill()
        seen += client.stdout.readlines()  # Not communicate(): that would pass over what readline() has buffered.
        client.communicate(timeout=DEADLINE_S)
        acknowledged = [json.loads(line)["id"] for line in seen if line.endswith("\n")]
        self.assertGreaterEqual(len(acknowledged), 1500)
        stored = {row[0] for row in self.n.sql("select id from jobs")}
        self.assertEqual(set(acknowledged) - stored, set())
        # The kill came before the end: what nobody reads holds the client up.
        self.assertEqual(client.returncode, -signal.SIGKILL)
        self.assertLess(len(acknowledged), 20000)

    def test_a_missing_file_is_exit_code_2(self):
        answer = self.n.fabric("submit", "--file", "/no/such/file")
        self.assertEqual(answer.code, 2, answer)
        self.assertIn("/no/such/file", answer.err)


class AdHoc(SharedNodeTest):
    config = {"allow_ad_hoc": True}

    def test_run_copies_output_and_tells_the_job_s_failure(self):
        answer = self.n.fabric("run", "--wait", "--", "sh", "-c", "echo out; echo err >&2", as_json=False)
        self.assertEqual((answer.code, answer.out), (0, "out\n"), answer)
        self.assertIn("err\n", answer.err)
        answer = self.n.fabric("run", "--wait", "--max-attempts", 1, "--", "/bin/false", as_json=False)
        self.assertEqual(answer.code, 1)
        self.assertIn("exit code 1", answer.err)

    def test_a_command_that_is_not_there_fails_with_its_name(self):
        answer = self.n.fabric("run", "--wait", "--max-attempts", 1, "--", "/no/such/program")
        self.assertEqual(answer.code, 1, answer)
        self.assertIn("/no/such/program", json.dumps(answer.lines))


    def test_run_of_a_job_that_is_gone_comes_to_an_end(self):
        n = self.node({"allow_ad_hoc": True})
        client = n.background("run", "--wait", "--", "/bin/sh", "-c", "echo up; " + n.gate("never"), as_json=False)
        self.assertEqual(client.stdout.readline(), "up\n")
        n.kill_everything()
        with contextlib.closing(sqlite3.connect(n.data / "store.db")) as db:
            job = db.execute("select max(id) from jobs").fetchone()[0]
            db.execute("delete from attempts where job = ?", [job])
            db.execute("delete from jobs where id = ?", [job])
            db.commit()
        n.start()
        out, err = client.communicate(timeout=DEADLINE_S)
        self.assertEqual((client.returncode, out), (4, ""), err)
        self.assertIn(f"no job {job}", err)


class NobodyThere(NodeTest):
    def test_an_unreachable_node_is_exit_code_3(self):
        node = Node("/tmp")
        for words in [("lanes",), ("submit", "sh"), ("show", "1"), ("list",), ("cancel", "1"),
                      ("wait", "1", "--patience", "0s"), ("events",), ("nodes",), ("logs", "1")]:
            with self.subTest(words=words):
                answer = node.fabric(*words)
                self.assertEqual(answer.code, 3, answer)
                self.assertIn(node.address, answer.err)

    def test_patience_waits_for_a_node_that_is_yet_to_come(self):
        n = self.node({"allow_ad_hoc": True}, start=False)
        submit = n.background("submit", "sh", "--input", '{"run":"true"}', "--patience", "20s")
        run = n.background("run", "--patience", "20s", "--", "/bin/true")
        for client in (submit, run):
            self.assertIn("trying again", client.stderr.readline())
        n.start()
        for client in (submit, run):
            out, err = client.communicate(timeout=DEADLINE_S)
            self.assertEqual((client.returncode, json.loads(out)["duplicate"]), (0, False), err)

    def test_the_node_comes_from_the_environment_and_must_be_an_address(self):
        port = free_port()
        program, tls = Node("/tmp").argv()[0], str(self.node().tls)
        for text, code, named in [(f"127.0.0.1:{port}", 3, str(port)), ("nonsense", 2, "nonsense"),
                                  ("127.0.0.1:99999", 2, "99999")]:
            done = subprocess.run([program, "lanes"], env={"FABRIC_NODE": text, "FABRIC_TLS": tls},
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, code, done)
            self.assertIn(named, done.stderr)


if __name__ == "__main__":
    unittest.main()
