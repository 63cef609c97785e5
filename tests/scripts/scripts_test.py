"""The shell scripts of this project in a tree of their own, with stand-ins for the programs that they call."""

import os
import pathlib
import re
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


# Notes every call, asks for a password unless it was given by -v, and then runs the command.
SUDO = """#!/bin/sh
echo "sudo $*" >>"$CALLS"
case $1 in
  -v) touch "$CALLS.password"; exit 0 ;;
  -n) [ -e "$CALLS.password" ] || exit 1; shift ;;
esac
[ "$1" = -- ] && shift
[ -e "$CALLS.password" ] || exit 1
exec "$@"
"""

# Knows a mirror only once its lists were fetched.
APT_GET = """#!/bin/sh
echo "apt-get $*" >>"$CALLS"
case " $* " in
  *" indextargets "*) [ ! -e "$CALLS.lists" ] || echo "Debian|http://mirror.example/debian" ;;
  *SourceList*" update "*) ;;
  *" update "*) touch "$CALLS.lists" ;;
esac
"""


class Setup(ScriptTest):
    """scripts/setup as somebody who is not root, on a machine that lacks Catch2 and has CAF in the cache."""

    def setUp(self):
        super().setUp()
        self.program("bin/id", "#!/bin/sh\necho 1000\n")
        self.program("bin/sudo", SUDO)
        self.program("bin/apt-get", APT_GET)
        self.program("bin/g++", "#!/bin/sh\necho 1.0\n")
        self.program("bin/dpkg-query", """#!/bin/sh
case "$*" in *catch2*) exit 1 ;; esac
echo "install ok installed"
""")
        text = (self.root / "scripts/setup").read_text()
        version = re.search(r"^caf_version=(\S+)", text, re.MULTILINE).group(1)
        caf = self.root / f"cache/caf-{version}-g++-1.0-cxx20/include/caf"
        caf.mkdir(parents=True)
        (caf / "all.hpp").touch()

    def set_up(self):
        done = self.bash("scripts/setup", JOB_FABRIC_CACHE=str(self.root / "cache"), CXX="g++")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def test_the_password_is_asked_for_first_and_nothing_runs_twice(self):
        self.set_up()
        calls = self.calls.read_text().splitlines()
        asked = calls.index("sudo -v")
        self.assertFalse([c for c in calls[:asked] if "install" in c or "update" in c], calls)
        self.assertEqual(calls.count("sudo -v"), 1)
        self.assertEqual(len([c for c in calls if c.startswith("apt-get") and " install " in c]), 1, calls)

    def test_empty_lists_are_fetched_once(self):
        self.set_up()
        updates = [c for c in self.calls.read_text().splitlines()
                   if c.startswith("apt-get") and "update" in c and "SourceList" not in c]
        self.assertEqual(len(updates), 1)

    def test_a_pipe_gets_no_escape_codes(self):
        self.assertNotIn("\x1b", self.set_up() + self.bash("-c", ". scripts/lib.sh; say hello").stderr)


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
