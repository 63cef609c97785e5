"""The shell scripts of this project in a tree of their own, with stand-ins for the programs that they call."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT_S = 60

# Answers `ctest -N` with the number of tests, and notes each run; N_DEV and N_RELEASE say how many tests match.
CTEST = """#!/bin/sh
case "$2" in */dev) n=$N_DEV ;; *) n=$N_RELEASE ;; esac
case " $* " in *" -N "*) echo "Total Tests: $n"; exit 0 ;; esac
echo "$*" >>"$CALLS"
case " $* " in *--no-tests=error*) [ "$n" != 0 ] || exit 8 ;; esac
exit "${CTEST_CODE:-0}"
"""


class ScriptTest(unittest.TestCase):
    """A copy of scripts/ in an empty tree, and a folder of programs in front of PATH."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="fabric-scripts-"))
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copytree(ROOT / "scripts", self.root / "scripts", ignore=shutil.ignore_patterns("py", "__pycache__"))
        self.calls = self.root / "calls"
        self.calls.touch()
        (self.root / "bin").mkdir()

    def program(self, path, text):
        path = self.root / path
        path.write_text(text)
        path.chmod(0o755)

    def bash(self, *words, **env):
        path = f"{self.root / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(["bash", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=LIMIT_S, check=False, cwd=self.root,
                              env={**os.environ, "PATH": path, "CALLS": str(self.calls), **env})


class Test(ScriptTest):
    def setUp(self):
        super().setUp()
        self.program("scripts/build", "#!/bin/sh\n")
        self.program("bin/ctest", CTEST)

    def run_it(self, dev, release, *words, code=0):
        return self.bash("scripts/test", *words, N_DEV=str(dev), N_RELEASE=str(release),
                         CTEST_CODE=str(code)).returncode

    def test_a_filter_may_match_on_one_side_only(self):
        self.assertEqual(self.run_it(3, 0, "-R", "retry"), 0)
        self.assertEqual(self.run_it(0, 3, "-R", "system-submit"), 0)

    def test_a_filter_that_matches_nothing_fails(self):
        self.assertNotEqual(self.run_it(0, 0, "-R", "no-such-test"), 0)

    def test_without_a_filter_both_sides_must_have_tests(self):
        self.assertEqual(self.run_it(3, 3), 0)
        self.assertNotEqual(self.run_it(3, 0), 0)
        self.assertNotEqual(self.run_it(0, 3), 0)

    def test_a_failing_test_fails_it_and_both_sides_run(self):
        self.assertEqual(self.run_it(3, 3, code=8), 1)
        self.assertEqual(len(self.calls.read_text().splitlines()), 2)


if __name__ == "__main__":
    unittest.main()
