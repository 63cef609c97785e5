"""docs/operations.md: every command of it is run as it is written, in its order, on the host that it names, and prints
what the page shows. See page.py for how a page is read.

A host is one of hosts.py; its home is its directory. Stand-ins in PATH: `scp` copies to the directory of another host,
`sudo poweroff` takes the host's power away, and `fabricd` is allowed to run as root, for all do in a test.
"""

import contextlib
import itertools
import os
import subprocess
import time
import unittest

from harness import BIN, POLL_S, ROOT, read_bytes
from hosts import HostTest
from page import missing, steps

PAGE = ROOT / "docs/operations.md"
HOSTS = ("s1", "w1", "w2", "client")  # 10.77.0.1 and so on.
BLOCK_S = 60  # The longest block waits for a lease of 15 s to end.

PROGRAMS = {
    "fabricd": 'exec "$FABRIC_BIN/fabricd" "$@" --set /node/allow_root=true\n',
    "sudo": 'exec "$@"\n',
    "poweroff": '[ "$*" = -ff ] || exit 2\ntouch ~/.no-power\nexec sleep 1000\n',
    "scp": """how=
while case $1 in -*) true ;; *) false ;; esac; do how="$how $1"; shift; done
for to; do :; done
while [ $# -gt 1 ]; do
  cp $how "$1" "$CELL/${to%%:*}/${to#*:}" || exit 1
  shift
done
""",
}


class Shell:
    """What an operator types on one host, block by block; it ends at the first command that fails."""

    _numbers = itertools.count()  # Of blocks: those before a host's last boot left their files.

    def __init__(self, cell, host):
        self.host = host
        path = f"{cell.directory}/bin:{BIN}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        env = {"HOME": str(host.directory), "PATH": path, "CELL": str(cell.directory), "FABRIC_BIN": str(BIN),
               "LANG": "C.UTF-8"}
        self._bash = host.popen(["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, text=True, env=env)
        self._type("cd; set -e -o pipefail")  # A mount namespace is entered at its root.

    def run(self, commands):
        """Returns whether all commands succeeded, and what they printed. Takes the host's power if they want it."""
        number = next(self._numbers)
        block, out, done = (self.host.directory / f".block-{number}{end}" for end in (".sh", ".out", ".done"))
        block.write_text(commands)
        self._type(f". {block} </dev/null >{out} 2>&1; : >{done}")
        end = time.monotonic() + BLOCK_S
        while not done.exists() and self._bash.poll() is None and time.monotonic() < end:
            if (self.host.directory / ".no-power").exists():
                self._cut_power()
                return True, ""
            time.sleep(POLL_S)
        return done.exists(), out.read_text(errors="replace") if out.exists() else ""

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self._bash.stdin.close()
        self._bash.wait()

    def _type(self, line):
        self._bash.stdin.write(line + "\n")
        self._bash.stdin.flush()

    def _cut_power(self):
        (self.host.directory / ".no-power").unlink()
        self.host.power_off()
        self.close()


class Operations(HostTest):
    def setUp(self):
        self.c = self.cell(*HOSTS)
        self.shells = {}
        self.addCleanup(self.end_shells)
        (self.c.directory / "bin").mkdir()
        for name, text in PROGRAMS.items():
            program = self.c.directory / "bin" / name
            program.write_text("#!/bin/sh\n" + text)
            program.chmod(0o755)

    def end_shells(self):
        for host in self.c:
            host.power_off()
        for shell in self.shells.values():
            shell.close()

    def shell(self, name):
        if name not in self.shells:
            self.shells[name] = Shell(self.c, self.c[name])
        return self.shells[name]

    def boot(self, name):
        self.assertFalse(self.c[name].running, f"{name} is still on")
        self.c[name].boot()
        self.shells.pop(name, None)

    def logs(self):
        """The last lines that each fabricd logged."""
        texts = []
        for host in self.c:
            lines = read_bytes(host.directory / "fabricd.log").decode(errors="replace").splitlines()
            texts += [f"-- {host.name}", *lines[-15:]]
        return "\n".join(texts)

    def take(self, step, name):
        if not step.commands:
            return self.boot(name)
        began = time.monotonic()
        went_well, printed = self.shell(name).run(step.commands)
        if os.environ.get("FABRIC_SHOW"):
            took = time.monotonic() - began
            print(f"-- {name}, line {step.line}, {took:.1f} s\n{step.commands}--\n{printed}", flush=True)
        where = f"operations.md, line {step.line}, on {name}"
        if not went_well:
            self.fail(f"{where}: a command failed, or took over {BLOCK_S} s; printed:\n{printed}\n{self.logs()}")
        if line := missing(step.shown, printed):
            self.fail(f"{where}: {line!r} is not printed, or not in its place; printed:\n{printed}\n{self.logs()}")

    def test_every_command_runs_as_written_and_prints_what_the_page_shows(self):
        todo = steps(PAGE.read_text())
        self.assertGreater(sum(len(step.hosts) for step in todo), 20)
        self.assertEqual({name for step in todo for name in step.hosts}, set(HOSTS))
        for step in todo:
            for name in step.hosts:
                self.take(step, name)


if __name__ == "__main__":
    unittest.main()
