"""Hosts out of namespaces: what a test cell of several hosts is made of; see hosts.py.

All network devices of a cell are in network namespaces of its own, the bridge too, so that cells side by side do not
know of each other and may use the same addresses. Their names carry the pid of the process that made them: what a
killed test left behind is swept by the next one.
"""

import contextlib
import ctypes
import itertools
import os
import re
import signal
import subprocess
import sys
import unittest

PREFIX = "fabric"
NETNS_HOME = "/run/netns"
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)


class Refused(Exception):
    """A command that makes or changes namespaces failed; its text is what it said."""


def command(*words):
    """Runs a command that must succeed; returns its stdout."""
    try:
        done = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=30, check=False)
    except OSError as e:
        raise Refused(f"{words[0]}: {e.strerror}") from None
    if done.returncode != 0:
        raise Refused(f"{' '.join(map(str, words))}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def why_not():
    """Why there can be no hosts here; empty if there can. Tries it once, and remembers."""
    if why_not.answer is None:
        why_not.answer = _try()
    return why_not.answer


why_not.answer = None


def _try():
    name = f"{PREFIX}-{os.getpid()}-0-probe"
    try:
        with contextlib.ExitStack() as last:
            command("ip", "netns", "add", name)
            last.callback(command, "ip", "netns", "delete", name)
            command("ip", "-n", name, "link", "add", "br0", "type", "bridge")
            command("ip", "-n", name, "link", "add", "v0", "type", "veth", "peer", "name", "v1")
            command("nsenter", f"--net={NETNS_HOME}/{name}", "unshare", "--pid", "--fork", "--mount", "--uts",
                    "--mount-proc", "--time", "--boottime", "1", "mount", "--bind", "/proc/version", "/proc/version")
    except Refused as e:
        return str(e)
    return ""


def require():
    """Skips the test, or the class, loudly where there can be no hosts."""
    reason = why_not()
    if reason:
        text = f"no hosts of network namespaces here: {reason}"
        print(f"\nSKIPPED, NOT TESTED: {text}", file=sys.stderr, flush=True)
        raise unittest.SkipTest(text)


def new_prefix():
    """The beginning of the names of one more cell of this process."""
    return f"{PREFIX}-{os.getpid()}-{next(_numbers)}-"


def names():
    with contextlib.suppress(FileNotFoundError):
        return sorted(os.listdir(NETNS_HOME))
    return []


def sweep():
    """Removes the namespaces of tests that have died. Their processes died with them; see Init."""
    for name in names():
        found = re.fullmatch(PREFIX + r"-(\d+)-\d+-\w+", name)
        if found and not os.path.exists(f"/proc/{found.group(1)}"):
            with contextlib.suppress(Refused):  # Another test sweeps too.
                command("ip", "netns", "delete", name)


@contextlib.contextmanager
def entered(name):
    """The calling thread, and no other, is in this network namespace: sockets that it makes now stay there."""
    with open("/proc/thread-self/ns/net", "rb") as home, open(f"{NETNS_HOME}/{name}", "rb") as there:
        _set_namespace(there)
        try:
            yield
        finally:
            _set_namespace(home)


def _set_namespace(file):
    if _libc.setns(file.fileno(), CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"setns: {os.strerror(code)}")


def die_with_parent():
    """For preexec_fn: SIGKILL when the thread that started this process is gone."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


# The first process of a host: a machine that does nothing but end what nobody waits for.
_INIT = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
print("up", flush=True)
while True:
    signal.sigwait({signal.SIGCHLD})
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass
"""

_BOOT = """set -e
mount --bind "$1" /proc/sys/kernel/random/boot_id
hostname "$2"
exec "$3" -I -S -c "$4"
"""


class Init:
    """A host's pid 1, with namespaces of its own for processes, mounts, the host's name and the clocks since boot, in a
    network namespace that is there already. When it dies, so does everything on the host; it dies with the thread that
    made it."""

    def __init__(self, network, host_name, boot_id_file, boottime_offset_s):
        """`boottime_offset_s`: what CLOCK_BOOTTIME and CLOCK_MONOTONIC show more (or less) than the machine's."""
        self._outer = subprocess.Popen(
            ["nsenter", f"--net={NETNS_HOME}/{network}", "unshare", "--pid", "--fork", "--kill-child", "--mount",
             "--uts", "--mount-proc", "--time", "--boottime", str(boottime_offset_s), "--monotonic", str(boottime_offset_s),
             "sh", "-c", _BOOT, "sh", str(boot_id_file), host_name, sys.executable, _INIT],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=die_with_parent)
        self.pid = 0
        if self._outer.stdout.readline() != "up\n":
            _, said = self._outer.communicate()
            raise Refused(f"the host {host_name} does not boot: {said}")
        self.pid = child_of(self._outer.pid)

    def prefix(self):
        """In front of a command, to run it on the host. Its process is nsenter; see child_of()."""
        return ["nsenter", "--target", str(self.pid), "--net", "--pid", "--mount", "--uts", "--time"]

    def kill(self):
        """Returns when no process of the host is left."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        while self._outer.poll() is None:
            # The kernel ends all others first. One that a stopped nsenter waits for is only gone when that runs.
            for pid in pids_with(f"--target\0{self.pid}\0"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._outer.wait(timeout=0.05)
        self._outer.stdout.close()
        self._outer.stderr.close()


def pids_with(mark):
    """The pids in whose command line the text stands, words separated by NUL."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/cmdline", "rb") as file:
            if mark.encode() in file.read():
                yield int(entry)


def child_of(pid):
    """The pid of a process's only child, as soon as it has one; 0 if it ends without."""
    while True:
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", "rb") as stat:
                if int(stat.read().rsplit(b")", 1)[1].split()[1]) == pid:
                    return int(entry)
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as stat:
            if stat.read().rsplit(b")", 1)[1].split()[0] not in (b"Z", b"X"):
                continue
        return 0
