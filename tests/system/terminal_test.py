"""What `fabric` draws on a terminal, and what it keeps from it."""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
import unittest

from harness import DEADLINE_S, SharedNodeTest

GREEN, CLEAR = "\x1b[32m", "\r\x1b[K"


class Terminal:
    """A program whose stdout and stderr are a terminal of 80 columns."""

    def __init__(self, argv, **env):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        plain = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                                        env={**plain, "TERM": "xterm", **env})
        os.close(slave)
        self.text = ""

    def read(self):
        """Takes what comes next; returns whether more may come."""
        ready, _, _ = select.select([self.master], [], [], DEADLINE_S)
        if not ready:
            raise AssertionError(f"nothing comes any more: {self.text!r}")
        with contextlib.suppress(OSError):  # EIO: the program has closed it.
            self.text += os.read(self.master, 65536).decode(errors="replace")
            return True
        return False

    def until(self, condition, what):
        end = time.monotonic() + DEADLINE_S
        while not condition(self.text):
            if not self.read() or time.monotonic() > end:
                raise AssertionError(f"waited in vain: {what}; {self.text!r}")

    def end(self):
        """Returns the exit code and all that was written."""
        while self.read():
            pass
        code = self.process.wait(timeout=DEADLINE_S)
        os.close(self.master)
        return code, self.text


class OnATerminal(SharedNodeTest):
    def terminal(self, *words, **env):
        return Terminal(self.n.argv(*words, as_json=False), **env)

    def test_wait_has_colours_and_a_bar_that_is_redrawn(self):
        first, second = self.n.run("true"), self.n.run(self.n.gate("bar"))
        t = self.terminal("wait", first, second)
        t.until(lambda text: re.search(r"\[#{10}\.{10}\] +50%  1 of 2 finished", text), "the bar")
        self.assertIn(GREEN, t.text)
        t.until(lambda text: len(set(re.findall(r"1 of 2 finished, ([0-9.]+) s", text))) >= 2, "two more redraws")
        self.n.open_gate("bar")
        code, text = t.end()
        self.assertEqual(code, 0, text)
        shown = [line.rsplit(CLEAR, 1)[-1] for line in text.split("\r\n")]
        self.assertEqual((len(shown), shown[-1]), (3, ""), shown)  # Nothing of the bar is left.
        for job, line in zip((first, second), shown):
            self.assertRegex(line, rf"\b{job}\b.*succeeded")

    def test_no_color_turns_colours_off_but_not_the_bar(self):
        job, other = self.n.run("true"), self.n.run(self.n.gate("plain"))
        t = self.terminal("wait", job, other, NO_COLOR="1")
        t.until(lambda text: "1 of 2 finished" in text, "the bar")
        self.n.open_gate("plain")
        self.assertNotIn("\x1b[3", t.end()[1])

    def test_a_job_s_output_does_not_steer_the_terminal_unless_it_is_raw(self):
        job = self.n.run(r"printf '\033[2Jone\ttwo\n\303\274\n'; printf '\033]0;title\007' >&2")
        self.n.wait(job)
        self.assertEqual(self.terminal("logs", job).end(), (0, "\\x1b[2Jone\ttwo\r\nü\r\n"))
        self.assertEqual(self.terminal("logs", job, "--raw").end(), (0, "\x1b[2Jone\ttwo\r\nü\r\n"))
        self.assertEqual(self.terminal("logs", job, "--stderr").end(), (0, "\\x1b]0;title\\x07"))
        self.assertEqual(self.n.fabric("logs", job, as_json=False).out, "\x1b[2Jone\ttwo\nü\n")

    def test_a_result_does_not_steer_the_terminal(self):
        job = self.n.run("""printf '"\\302\\233 31m"' > $FABRIC_RESULT""")  # C1: a one-character CSI.
        self.n.wait(job)
        self.assertEqual(self.terminal("result", job).end(), (0, '"\\x9b 31m"\r\n'))
        self.assertNotIn("\x9b", self.terminal("show", job).end()[1])


if __name__ == "__main__":
    unittest.main()
