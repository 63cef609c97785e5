"""A configuration that changes while the node runs: reload, SIGHUP, policy; and drain, undrain and detach by order."""

import json
import signal
import subprocess
import unittest

from harness import BIN, NodeTest, alive, eventually, shell_class

THREE_LANES = [{"name": "fast", "slots": 2}, {"name": "middle", "slots": 1}, {"name": "slow", "slots": 1}]


class Reload(NodeTest):
    def edit(self, n, change):
        """Changes the configuration file as an operator would."""
        config = json.loads(n.config_file.read_text())
        change(config)
        n.config_file.write_text(json.dumps(config))

    def lanes(self, n):
        return {lane["lane"]: lane for lane in n.good("lanes")[0]["lanes"]}

    def test_classes_slots_and_budgets_change_under_running_jobs(self):
        n = self.node()
        runs = n.run(n.gate("runs"))
        n.started(runs)
        shell = n.job_processes(runs)[0]
        self.assert_refused(n.fabric("submit", "other"), "unknown_class")

        def change(config):
            config["classes"]["other"] = shell_class()
            config["lanes"][0]["slots"] = 4
            config["lanes"][0]["budget"] = "10m"

        self.edit(n, change)
        dry = n.good("reload", "--dry-run")[0]
        self.assertEqual(dry["changes"], ["/classes/other: added", '/lanes/0/budget: nothing -> "10m"',
                                          "/lanes/0/slots: 2 -> 4"])
        self.assertEqual(self.lanes(n)["fast"]["slots"], 2)
        self.assertEqual(n.good("reload")[0]["changes"], dry["changes"])
        eventually(lambda: self.lanes(n)["fast"]["slots"] == 4, "the lane has its new slots")
        more = [n.run(n.gate("runs"), job_class="other") for _ in range(3)]
        for job in more:
            n.started(job)
        self.assertEqual(n.job_processes(runs)[0], shell)  # The first one did not notice.
        self.edit(n, lambda config: config["lanes"][0].update(budget="100ms"))
        n.signal(signal.SIGHUP)
        eventually(lambda: n.show(runs)["lane"] == "slow", "a budget that is over now demotes")
        n.open_gate("runs")
        n.wait(runs, *more)
        self.assertEqual({n.show(job)["state"] for job in [runs, *more]}, {"succeeded"})
        self.assertEqual([e["kind"] for e in n.events(kind="reconfigured")], ["reconfigured"] * 2)

    def test_a_lane_with_jobs_stays_and_one_without_goes(self):
        n = self.node({"lanes": THREE_LANES})
        job = n.run(n.gate("middle"), "--lane", "middle")
        n.started(job)
        self.edit(n, lambda config: config["lanes"].pop(1))
        self.assert_refused(n.fabric("reload"), "wrong_state", "1 job in middle", "/lanes")
        self.assertIn("middle", self.lanes(n))
        n.signal(signal.SIGHUP)
        eventually(lambda: n.log().count("1 job in middle") == 2, "the log says why all stays as it is")
        n.open_gate("middle")
        n.wait(job)
        self.assertIn("/lanes/1/name: \"middle\" -> \"slow\"", n.good("reload")[0]["changes"])
        self.assertEqual(list(self.lanes(n)), ["fast", "slow"])
        self.assert_refused(n.fabric("submit", "sh", "--lane", "middle"), "unknown_lane")
        self.assertEqual(n.wait(n.run("exit 0"))["state"], "succeeded")
        self.edit(n, lambda config: config.update(lanes=THREE_LANES))
        n.good("reload")
        self.assertEqual(n.wait(n.run("exit 0", "--lane", "middle"))["lane"], "middle")
        n.kill()
        n.start()
        self.assertEqual(n.wait(n.run("exit 0", "--lane", "middle"))["state"], "succeeded")

    def test_a_bad_file_and_what_needs_a_restart_leave_all_as_it_was(self):
        n = self.node()
        before = n.config_file.read_text()
        n.config_file.write_text(before.replace('"slots": 2', '"slots": "two"'))
        answer = n.fabric("reload")
        self.assert_refused(answer, "bad_input", str(n.config_file))
        self.assertIn("/lanes/0/slots", answer.lines[0]["problems"][0])
        self.edit_text(n, before, lambda config: (config["node"].update(name="n2"), config["lanes"][0].update(slots=9)))
        self.assert_refused(n.fabric("reload"), "not_allowed", "/node/name")
        n.config_file.unlink()
        self.assert_refused(n.fabric("reload"), "bad_input")
        self.assertEqual(self.lanes(n)["fast"]["slots"], 2)
        self.assertEqual(n.wait(n.run("exit 0"))["state"], "succeeded")
        n.config_file.write_text(before)
        self.assertEqual(n.fabric("reload", as_json=False).out, "nothing changes\n")

    def edit_text(self, n, text, change):
        n.config_file.write_text(text)
        self.edit(n, change)

    def test_the_policy_of_a_running_node(self):
        n = self.node()
        self.assertEqual(n.fabric("policy", as_json=False).out, "* fast-first\n  slow-first\n")
        self.assertEqual(n.show(n.run("exit 0"))["lane"], "fast")
        self.assertEqual(n.good("policy", "set", "slow-first")[0]["changes"],
                         ['/routing/policy: "fast-first" -> "slow-first"'])
        held = n.run(n.gate("held"))
        self.assertEqual(n.show(held)["lane"], "slow")
        self.assertEqual(n.good("policy")[0]["policy"], "slow-first")
        self.assert_refused(n.fabric("policy", "set", "slowest-first"), "bad_input", "slowest-first")
        self.assert_refused(n.fabric("policy", "set", "fast-first", "--param", "x=1"), "bad_input", "/routing/params/x")
        shown = n.fabric("config", "show", as_json=False).out
        self.assertIn('"policy": "slow-first", // fabric policy set', shown)
        self.assertIn("// from " + str(n.config_file), shown)
        n.good("reload")
        self.assertEqual(n.show(n.run("exit 0"))["lane"], "fast")
        n.open_gate("held")
        n.wait(held)

    def test_what_config_show_prints_of_a_node_can_be_loaded_and_starts_the_same_node(self):
        n = self.node()
        shown = n.fabric("config", "show", as_json=False).out
        copy = n.directory / "copy.json"
        copy.write_text(shown)
        done = subprocess.run([str(BIN / "fabric"), "config", "check", str(copy)], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(n.good("config", "show")[0]["config"]["node"]["name"], "n1")
        self.assertEqual(n.good("config", "show", "--defaults")[0]["config"]["routing"]["policy"], "fast-first")


class Drain(NodeTest):
    def slots(self, n):
        return sum(lane["slots"] for lane in n.good("lanes")[0]["lanes"])

    def test_a_drained_node_holds_nothing_keeps_what_comes_and_takes_work_again(self):
        n = self.node()
        ends, stays = n.run(n.gate("ends")), n.run(n.gate("stays"))
        n.started(ends), n.started(stays)
        drain = n.background("drain", "n1", "--deadline", "2s")
        eventually(lambda: all(w["draining"] for node in n.good("nodes")[0]["nodes"] for w in node["workers"]),
                   "the workers drain")
        n.open_gate("ends")
        later = n.run("exit 0")
        out, err = drain.communicate()
        self.assertEqual(drain.returncode, 0, err)
        fates = {f["job"]: f["what"] for f in json.loads(out)["attempts"]}
        self.assertEqual(fates, {ends: "succeeded", stays: "handed back"})
        self.assertEqual(n.job_processes(), [])
        eventually(lambda: self.slots(n) == 0, "the lanes offer nothing")
        more = n.run("exit 0")  # Jobs are still taken.
        self.assertEqual([n.show(j)["state"] for j in (ends, stays, later)], ["succeeded", "ready", "ready"])
        self.assertEqual(n.show(stays)["counts"]["failures"], 0)
        n.open_gate("stays")
        n.good("undrain")
        self.assertEqual({n.wait(j)["state"] for j in (stays, later, more)}, {"succeeded"})
        self.assert_refused(n.fabric("undrain"), "wrong_state")
        self.assertEqual(n.fabric("drain", "n2").code, 4)

    def test_a_drain_without_jobs_says_so_and_the_node_can_still_be_stopped(self):
        n = self.node()
        self.assertIn("node n1 is drained", n.fabric("drain", as_json=False).out)
        code, said = n.drain()
        self.assertEqual((code, said), (0, "drained: nothing is held\n"))


class Detach(NodeTest):
    def test_a_node_detached_by_order_leaves_its_jobs_and_is_taken_over(self):
        n = self.node()
        job = n.run(n.gate("job"))
        n.started(job)
        shell = n.job_processes(job)[0]
        answer = n.fabric("detach", as_json=False)
        self.assertEqual(answer.code, 0, answer)
        self.assertIn("its jobs run on", answer.out)
        self.assertEqual(n.end()[0], 0)
        self.assertTrue(alive(shell))
        n.start()
        self.assertEqual(n.job_processes(job)[0], shell)
        n.open_gate("job")
        self.assertEqual(n.wait(job)["state"], "succeeded")
        self.assertEqual(n.outcomes(job), ["succeeded"])


if __name__ == "__main__":
    unittest.main()
