"""scripts/demo on a small tree, from its first line to its exit code."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import BIN, ROOT, processes

LIMIT_S = 120


class Demo(unittest.TestCase):
    def setUp(self):
        self.tree = pathlib.Path(tempfile.mkdtemp(prefix="fabric-tree-"))
        self.addCleanup(shutil.rmtree, self.tree)
        for n in range(20):
            (self.tree / f"file {n} ").write_text(f"line {n}\n" * (n + 1))

    def launch(self, *words):
        return subprocess.Popen([str(ROOT / "scripts/demo"), *words, str(self.tree)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env={**os.environ, "FABRIC_BIN": str(BIN)})

    def directory(self, said):
        return pathlib.Path(re.search(r"data (\S+)/data", said).group(1))

    def test_all_is_well_with_both_policies(self):
        for policy in ("fast-first", "slow-first"):
            with self.subTest(policy=policy):
                demo = self.launch("--policy", policy)
                said, _ = demo.communicate(timeout=LIMIT_S)
                self.assertEqual(demo.returncode, 0, said)
                self.assertIn(f"policy {policy}", said)
                self.assertIn("checksums      20 of 20 equal", said)
                self.assertIn("sailors        11 of 11 ended as they must", said)
                self.assertIn("all is well", said)
                self.assertFalse(self.directory(said).exists())
                self.assertEqual(processes(str(self.directory(said))), [])

    def test_what_an_interrupted_one_did_is_kept_and_nothing_runs_on(self):
        demo = self.launch()
        said = ""
        while "submitted" not in said:
            line = demo.stdout.readline()
            self.assertTrue(line, said)
            said += line
        demo.send_signal(signal.SIGINT)
        said += demo.stdout.read()
        demo.communicate(timeout=LIMIT_S)
        directory = self.directory(said)
        self.addCleanup(shutil.rmtree, directory)
        self.assertEqual(demo.returncode, 130, said)
        self.assertIn(f"kept in {directory}", said)
        self.assertTrue((directory / "data/store.db").exists())
        self.assertEqual(processes(str(directory)), [])

    def test_a_tree_that_is_not_there_is_exit_code_2(self):
        shutil.rmtree(self.tree)
        demo = self.launch()
        said, _ = demo.communicate(timeout=LIMIT_S)
        self.tree.mkdir()  # For the end of the test.
        self.assertEqual(demo.returncode, 2, said)
        self.assertIn("does not exist", said)


if __name__ == "__main__":
    unittest.main()
