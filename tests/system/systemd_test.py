"""The units for systemd, and what fabricd tells a service manager."""

import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

from harness import BIN, DEADLINE_S, NodeTest

UNITS = BIN.parent / "systemd"


class Units(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze here")
    def test_systemd_takes_them(self):
        with tempfile.TemporaryDirectory() as folder:
            units = []
            for name in ("fabricd", "fabric-runner"):
                text = (UNITS / f"{name}.service").read_text()
                installed = next(l.split("=")[1].split()[0] for l in text.splitlines() if l.startswith("ExecStart="))
                self.assertEqual(pathlib.Path(installed).name, name)
                units.append(pathlib.Path(folder) / f"{name}.service")
                units[-1].write_text(text.replace(installed, str(BIN / name)))
            done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
            # A key of a newer systemd is ignored by an older one, which says so.
            complaints = [l for l in done.stderr.splitlines() if folder in l and "DelegateSubgroup" not in l]
            self.assertEqual((done.returncode, complaints), (0, []), done.stderr)

    def test_the_programs_know_the_options_that_the_units_give(self):
        for name in ("fabricd", "fabric-runner"):
            known = subprocess.run([str(BIN / name), "--help"], capture_output=True, text=True, check=True).stdout
            text = (UNITS / f"{name}.service").read_text()
            line = next(l for l in text.splitlines() if l.startswith("ExecStart="))
            for option in [w for w in line.split() if w.startswith("--")]:
                self.assertIn(option, known)


class Notify(NodeTest):
    def test_a_service_manager_hears_when_the_node_is_ready_and_when_it_stops(self):
        n = self.node(start=False)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            path = str(n.directory / "notify")
            ear.bind(path)
            ear.settimeout(DEADLINE_S)
            n.launch(env={"NOTIFY_SOCKET": path, "PATH": "/usr/bin:/bin"})
            self.assertIn(" ready on ", n.first_line(), n.log())
            self.assertEqual(ear.recv(100), b"READY=1")
            self.assertEqual(n.wait(n.run("test -z \"$NOTIFY_SOCKET\""))["state"], "succeeded")
            self.assertEqual(n.drain()[0], 0)
            self.assertEqual(ear.recv(100), b"STOPPING=1")


if __name__ == "__main__":
    unittest.main()
