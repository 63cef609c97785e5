"""Processes that SIGKILL cannot end: those in a frozen cgroup of the version 1 freezer. They stand for a process that
hangs in a system call for ever."""

import contextlib
import os
import pathlib
import uuid

HOME = pathlib.Path("/sys/fs/cgroup/freezer")


def usable():
    return os.access(HOME / "tasks", os.W_OK)


class Freezer:
    """A frozen place for processes; `thaw` lets them go on, or die if they were killed meanwhile."""

    def __init__(self):
        self._group = HOME / f"fabric-test-{uuid.uuid4().hex[:12]}"
        self._group.mkdir()

    def freeze(self, pid):
        (self._group / "tasks").write_text(str(pid))
        (self._group / "freezer.state").write_text("FROZEN")

    def thaw(self):
        """May be called again. The group goes with its last process."""
        with contextlib.suppress(OSError):
            (self._group / "freezer.state").write_text("THAWED")
            self._group.rmdir()
