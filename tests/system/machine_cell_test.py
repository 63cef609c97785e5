"""A cell of two machines that each have a systemd of their own, as docs/operations.md and security.md set them up: the
installed units and the configurations that are shipped, of which only the address of the scheduler is another."""

import json
import unittest

from harness import BIN, eventually
from hosts import PORT, Cell
from machine import Machine
from machine_test import MachineTest

SHIPPED = "/usr/local/share/job_fabric/config/cluster"
CONFIG = "/etc/fabric/fabric.json"
DATA = "/var/lib/fabric"
UNITS = ("fabric-runner", "fabricd")
# What the class of the shipped configurations reads: as long as nobody writes, its job runs.
GATE = "/srv/gate"
SUM = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"  # Of "hello\n".


class MachineCell(MachineTest):
    def setUp(self):
        self.cell = Cell(("scheduler", "w1"))  # Of its hosts only the network is used.
        self.addCleanup(self.cell.close)
        self.scheduler, self.w1 = (self.machine(name) for name in ("scheduler", "w1"))
        self.address = f"{self.cell['scheduler'].address}:{PORT}"
        self.scheduler.boot()
        self.set_up(self.scheduler, "scheduler.json")
        self.bring_certificate()
        self.w1.boot()
        self.on(self.w1, "mkfifo", "--mode=644", GATE)
        self.on(self.w1, "chown", "-R", "fabric:", f"{DATA}/tls")
        self.on(self.w1, "chmod", "-R", "go=", f"{DATA}/tls")
        self.set_up(self.w1, "worker.json")
        self.until_joined()

    def machine(self, name):
        machine = Machine(BIN.parent, self.cell[name].network)
        self.addCleanup(machine.close)
        machine.install()
        machine.write("/etc/hostname", name + "\n")
        return machine

    def on(self, machine, *argv):
        """Runs a command that must succeed; returns what it said."""
        done = machine.run(*argv)
        self.assertEqual(done.returncode, 0, f"{argv}: {done.stdout}{done.stderr}{self.states()}")
        return done.stdout

    def set_up(self, machine, config):
        text = self.on(machine, "cat", f"{SHIPPED}/{config}")
        self.assertIn('"10.0.0.1:7600"', text)
        self.on(machine, "mkdir", "-p", "/etc/fabric")
        self.on(machine, "sh", "-c", f"sed 's/10[.]0[.]0[.]1:7600/{self.address}/' {SHIPPED}/{config} >{CONFIG}")
        self.on(machine, "systemctl", "enable", "--now", *UNITS)

    def bring_certificate(self):
        self.on(self.scheduler, "fabric", "ca", "issue", "w1", "--data", DATA, "--out", "/var/tmp/w1")
        for file in self.on(self.scheduler, "ls", "/var/tmp/w1").split():
            self.w1.write(f"{DATA}/tls/{file}", self.on(self.scheduler, "cat", f"/var/tmp/w1/{file}"))

    def states(self):
        return "".join(m.log() + m.run("systemctl", "status", "--no-pager", *UNITS).stdout
                       for m in (self.scheduler, self.w1))

    # -- what a client on the scheduler's machine sees ----------------------------------------------------------------

    def fabric(self, *words):
        done = self.scheduler.run("fabric", "--node", self.address, "--json", *words)
        return [json.loads(line) for line in done.stdout.splitlines()] if done.returncode in (0, 1) else []

    def known(self):
        answer = self.fabric("nodes")
        return {n["node"]: n for n in answer[0]["nodes"]} if answer else {}

    def until_joined(self, but=None):
        """Waits until w1 is here, in another boot than this one; returns what is known of it."""
        def here():
            w1 = self.known().get("w1")
            return w1 and not w1["lost"] and w1["workers"] and w1["boot"] != but and w1
        return eventually(here, f"w1 has joined: {self.known()} {self.states()}", 60)

    def show(self, job):
        return (self.fabric("show", job) or [{"state": "unknown", "attempts": []}])[0]

    def running(self):
        """A job that runs on w1 until ends()."""
        job = self.fabric("submit", "checksum", "--input", json.dumps({"path": GATE}))[0]["id"]
        self.process()
        return job

    def process(self):
        """The pid of the only job on w1, as soon as it has one."""
        return eventually(lambda: self.w1.run("pgrep", "-x", "sha256sum").stdout, f"it runs: {self.states()}", 60)

    def ends(self, job, *outcomes):
        """Lets the job end; it must succeed, after attempts with these outcomes, all on w1."""
        self.on(self.w1, "sh", "-c", f"echo hello >{GATE}")
        eventually(lambda: self.show(job)["state"] == "succeeded", f"it succeeds: {self.show(job)} {self.states()}", 60)
        attempts = self.show(job)["attempts"]
        self.assertEqual([a["outcome"] for a in attempts], [*outcomes, "succeeded"])
        self.assertEqual({a["node"] for a in attempts}, {"w1"})
        log = self.on(self.scheduler, "fabric", "--node", self.address, "logs", str(job))
        self.assertEqual(log, f"{SUM}  {GATE}\n")

    # -----------------------------------------------------------------------------------------------------------------

    def test_a_worker_that_reboots_hands_its_job_back_joins_again_and_runs_it_to_its_end(self):
        job, boot = self.running(), self.known()["w1"]["boot"]
        self.on(self.w1, "systemctl", "reboot")
        eventually(lambda: all(w["draining"] for w in self.known()["w1"]["workers"]), "it takes nothing new")
        self.w1.reboot()
        self.until_joined(but=boot)
        self.process()
        self.ends(job, "drained")
        self.assertEqual([self.show(job)["counts"][of] for of in ("failures", "lost")], [0, 0])

    def test_a_worker_without_power_is_lost_until_it_has_power_again_and_its_job_runs_again(self):
        job, boot = self.running(), self.known()["w1"]["boot"]
        self.cut_power()
        eventually(lambda: self.known()["w1"]["lost"], "it is lost")
        self.assertEqual(self.known()["w1"]["workers"], [])
        eventually(lambda: self.show(job)["state"] == "ready", "it waits for a worker", 60)
        self.w1_has_power()
        self.assertEqual(self.until_joined(but=boot)["labels"], {"lifetime": "stable"})
        self.process()
        self.ends(job, "lost")

    def test_a_worker_whose_power_is_back_before_anybody_noticed_runs_its_job_again(self):
        job, boot = self.running(), self.known()["w1"]["boot"]
        self.cut_power()
        self.w1_has_power()
        self.until_joined(but=boot)
        self.process()
        self.ends(job, "lost")

    def test_the_schedulers_machine_reboots_and_the_job_goes_on(self):
        job = self.running()
        process, scheduler, boot = self.process(), self.known()["scheduler"]["boot"], self.known()["w1"]["boot"]
        self.scheduler.reboot()
        self.assertEqual(self.until_joined()["boot"], boot)
        self.assertNotEqual(self.known()["scheduler"]["boot"], scheduler)
        self.assertEqual(self.process(), process)
        self.ends(job)

    def test_what_root_revokes_keeps_nobody_else_out_whatever_its_umask(self):
        self.on(self.scheduler, "sh", "-c", f"umask 077; cd /root; fabric ca issue w2 --data {DATA}")
        self.on(self.scheduler, "sh", "-c", f"umask 077; fabric ca revoke w2 --data {DATA}")
        self.on(self.scheduler, "fabric", "--node", self.address, "nodes")

    def cut_power(self):
        self.cell["w1"].link_down()  # First: nobody is told.
        self.w1.cut_power()

    def w1_has_power(self):
        self.cell["w1"].link_up()
        self.w1.boot()


if __name__ == "__main__":
    unittest.main()
