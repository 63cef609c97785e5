"""The installed units on a machine with a systemd of its own: restarts, reboots and power cuts."""

import json
import os
import shutil
import sys
import unittest

import netns
from harness import BIN, eventually, shell_class
from machine import CONTROL_GROUPS, Machine

CONFIG = {
    "node": {"memory_low": "1MiB", "drain_timeout": "1s"},
    "store": {"disk_low": "1MiB", "reserve": "64KiB"},
    "lanes": [{"name": "fast", "slots": 2, "grace": "300ms"}],
    "classes": {"sh": shell_class()},
}
GATE = "/var/lib/fabric/gate"
WAIT_FOR_GATE = f"while [ ! -e {GATE} ]; do sleep 0.02; done"


def why_not():
    for program in ("unshare", "nsenter", "systemctl", "systemd-sysusers", "cmake"):
        if not shutil.which(program):
            return f"there is no {program}"
    if not os.path.exists("/lib/systemd/systemd"):
        return "there is no systemd"
    return netns.why_not()


HELLO = """[Service]
Type=oneshot
User=nobody
StateDirectory=hello
ProtectSystem=strict
ExecStart=/bin/sh -c "cat /proc/sys/kernel/random/boot_id >>/var/lib/hello/boots"
[Install]
WantedBy=multi-user.target
"""


class MachineTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if why_not():
            print(f"\nSKIPPED, NOT TESTED: no machine for systemd here: {why_not()}", file=sys.stderr, flush=True)
            raise unittest.SkipTest(why_not())

    def setUp(self):
        self.m = Machine(BIN.parent)
        self.addCleanup(self.m.close)


class Machines(MachineTest):
    def test_a_machine_boots_reboots_and_loses_power_and_its_disk_stays(self):
        self.m.write("/etc/systemd/system/hello.service", HELLO)
        self.m.boot()
        self.assertEqual(self.m.run("systemctl", "is-system-running").stdout, "running\n")
        self.assertEqual(self.m.run("systemctl", "enable", "--now", "hello").returncode, 0)
        self.m.reboot()
        self.m.cut_power()
        self.m.cut_power()
        self.m.boot()
        boots = self.m.run("cat", "/var/lib/hello/boots").stdout.split()
        self.assertEqual(len(set(boots)), 3, boots)
        self.assertEqual(boots[-1], self.m.run("cat", "/proc/sys/kernel/random/boot_id").stdout.strip())

    def test_nothing_is_left_of_a_machine_that_is_closed(self):
        self.m.boot()
        group = self.m.group
        self.assertTrue(list(CONTROL_GROUPS.glob(f"**/{group}")))
        self.m.close()
        self.assertFalse(list(CONTROL_GROUPS.glob(f"**/{group}")))
        self.assertFalse(self.m.directory.exists())
        self.m.close()


class Units(MachineTest):
    def setUp(self):
        super().setUp()
        self.m.install()
        self.m.write("/etc/fabric/fabric.json", json.dumps(CONFIG))
        self.m.boot()

    def enable(self):
        done = self.m.run("systemctl", "enable", "--now", "fabric-runner", "fabricd")
        self.assertEqual(done.returncode, 0, f"{done.stderr}{self.m.log()}{self.states()}")

    def states(self):
        return self.m.run("systemctl", "status", "--no-pager", "fabricd", "fabric-runner").stdout

    def fabric(self, *words):
        done = self.m.run("fabric", "--json", *words)
        return [json.loads(line) for line in done.stdout.splitlines()] if done.returncode in (0, 1) else []

    def submit(self, script):
        return self.fabric("submit", "sh", "--input", json.dumps({"run": script}))[0]["id"]

    def show(self, job):
        return (self.fabric("show", job) or [{"state": "unknown", "attempts": []}])[0]

    def until(self, job, state):
        return eventually(lambda: self.show(job)["state"] == state and self.show(job),
                          f"job {job} is {state}: {self.show(job)} {self.states()}", 60)

    def open_gate(self):
        self.m.run("touch", GATE)

    def running(self):
        """A job that runs until the gate opens, and the pid that it wrote down."""
        job = self.submit(f"echo $$ >>/var/lib/fabric/pids; {WAIT_FOR_GATE}")
        return job, eventually(self.pids, "the job has started")[-1]

    def pids(self):
        return self.m.run("cat", "/var/lib/fabric/pids").stdout.split()

    def outcomes(self, job):
        return [a["outcome"] for a in self.show(job)["attempts"]]

    def test_what_is_installed_runs_as_the_user_fabric(self):
        self.assertIn("disabled", self.m.run("systemctl", "is-enabled", "fabricd").stdout)
        self.enable()
        job = self.submit("printf '\"%s\"' \"$(id -un)\" >\"$FABRIC_RESULT\"")
        self.assertEqual(self.until(job, "succeeded")["result"], "fabric")
        for unit in ("fabricd", "fabric-runner"):
            self.assertEqual(self.m.property_of(unit, "ActiveState"), "active")
            self.assertEqual(self.m.property_of(unit, "User"), "fabric")
        self.assertEqual(self.m.run("stat", "-c", "%a %U", "/var/lib/fabric").stdout.strip(), "700 fabric")

    def test_a_fabricd_that_dies_or_detaches_is_started_again_and_takes_its_jobs_over(self):
        self.enable()
        job, pid = self.running()
        for number in ("KILL", "USR2"):
            before = self.m.property_of("fabricd", "MainPID")
            self.m.run("systemctl", "kill", "-s", number, "--kill-whom=main", "fabricd")
            eventually(lambda b=before: self.m.property_of("fabricd", "MainPID") not in (b, "0")
                       and self.m.property_of("fabricd", "ActiveState") == "active", f"a new fabricd: {self.states()}")
        self.assertEqual(self.m.run("ps", "-o", "comm=", "-p", pid).stdout.strip(), "sh")
        self.open_gate()
        self.assertEqual([a["outcome"] for a in self.until(job, "succeeded")["attempts"]], ["succeeded"])
        self.assertEqual(self.pids(), [pid])

    def test_a_runner_that_dies_is_started_again_and_its_jobs_run_again(self):
        self.enable()
        job, _ = self.running()
        self.m.run("systemctl", "kill", "-s", "KILL", "fabric-runner")
        eventually(lambda: len(self.pids()) == 2, f"the job runs again: {self.states()}", 60)
        self.open_gate()
        self.until(job, "succeeded")
        self.assertEqual(self.outcomes(job), ["lost", "succeeded"])

    def test_after_a_reboot_the_jobs_go_on(self):
        self.enable()
        job, _ = self.running()
        before = self.m.run("cat", "/proc/sys/kernel/random/boot_id").stdout
        self.m.reboot()
        self.assertNotEqual(self.m.run("cat", "/proc/sys/kernel/random/boot_id").stdout, before)
        eventually(lambda: len(self.pids()) == 2, f"the job runs again: {self.states()}", 60)
        self.open_gate()
        self.until(job, "succeeded")
        self.assertEqual(self.outcomes(job), ["drained", "succeeded"])

    def test_after_a_power_cut_what_ran_runs_again_and_what_waited_runs(self):
        self.enable()
        jobs = [self.running()[0] for _ in range(2)]
        jobs.append(self.submit("true"))
        eventually(lambda: len(self.pids()) == 2, "two jobs run")
        self.m.cut_power()
        self.m.boot()
        eventually(lambda: len(self.pids()) == 4, f"both run again: {self.states()}", 60)
        self.open_gate()
        for job in jobs:
            self.until(job, "succeeded")
        self.assertEqual([self.outcomes(j) for j in jobs], [["lost", "succeeded"]] * 2 + [["succeeded"]])

    def test_a_configuration_with_problems_is_not_tried_again_and_again(self):
        self.m.run("cp", "/dev/null", "/etc/fabric/fabric.json")
        self.m.run("systemctl", "start", "fabricd")
        eventually(lambda: self.m.property_of("fabricd", "ActiveState") == "failed", f"it gives up: {self.states()}")
        self.assertEqual(self.m.property_of("fabricd", "ExecMainStatus"), "2")
        self.assertEqual(self.m.property_of("fabricd", "NRestarts"), "0")


if __name__ == "__main__":
    unittest.main()
