"""The clock that jumps does, and nothing else does."""

import os
import subprocess
import sys
import tempfile
import time
import unittest

from wall_clock import WallClock, available

# Answers each line with its wall clock and the time since boot.
TELLING = """import time, sys
for _ in sys.stdin:
    print(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), flush=True)
"""
NEAR_S = 60  # Between two readings on a machine that is busy.


@unittest.skipUnless(available(), "there is no C compiler here")
class Jumping(unittest.TestCase):
    def test_the_wall_clock_jumps_both_ways_and_the_clock_since_boot_does_not(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        clock = WallClock(folder.name)
        with subprocess.Popen([sys.executable, "-c", TELLING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, **clock.env()}) as program:
            for jump in (0, 3600.5, -10_000.25):
                clock.jump(jump)
                program.stdin.write("\n")
                program.stdin.flush()
                wall, boot = map(float, program.stdout.readline().split())
                self.assertLess(abs(wall - clock.offset_s - time.time()), NEAR_S)
                self.assertLess(abs(boot - time.clock_gettime(time.CLOCK_BOOTTIME)), NEAR_S)
            program.stdin.close()


if __name__ == "__main__":
    unittest.main()
