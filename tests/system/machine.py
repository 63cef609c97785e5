"""A machine that systemd runs, out of namespaces: the files of this one under a disk of its own, the real systemd as
pid 1, and what `cmake --install` installs. It boots, loses power and boots again.

    machine = Machine(build_directory)
    machine.install(); machine.write("/etc/fabric/fabric.json", text); machine.boot()
    machine.run("systemctl", "is-active", "fabricd")
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import uuid

import netns
from harness import DEADLINE_S, eventually

# Nothing of the machine's own is started; what a boot needs of systemd's own units.
UNITS = ("basic", "sysinit", "multi-user", "shutdown", "umount", "final", "reboot", "poweroff", "network-online",
         "network", "local-fs", "local-fs-pre", "sockets", "timers", "paths", "slices", "emergency")
CONTROL_GROUPS = pathlib.Path("/sys/fs/cgroup")

# $1: folder with disk, scratch and root; $2: boot id. The cgroups of the machine are below the one that it starts in.
_BOOT = r"""set -e
mount --make-rprivate /
root=$1/root
mount -t overlay overlay -o lowerdir=/,upperdir=$1/disk,workdir=$1/scratch $root
mount -t proc proc $root/proc
mount -t sysfs sysfs $root/sys
if [ -d /sys/fs/cgroup/unified ]; then
  mount -t tmpfs tmpfs $root/sys/fs/cgroup
  mkdir $root/sys/fs/cgroup/systemd $root/sys/fs/cgroup/unified
  mount -t cgroup -o none,name=systemd cgroup $root/sys/fs/cgroup/systemd
  mount -t cgroup2 cgroup2 $root/sys/fs/cgroup/unified
else
  mount -t cgroup2 cgroup2 $root/sys/fs/cgroup
fi
for folder in run tmp dev; do mount -t tmpfs tmpfs $root/$folder; done
for device in null zero full random urandom tty; do
  touch $root/dev/$device
  mount --bind /dev/$device $root/dev/$device
done
ln -s /proc/self/fd $root/dev/fd
mkdir $root/dev/shm $root/run/units $root/run/old $root/run/lock
mount -t tmpfs tmpfs $root/dev/shm
echo "$2" >$root/run/boot_id
mount --bind $root/run/boot_id $root/proc/sys/kernel/random/boot_id
shift 2
for unit; do cp /lib/systemd/system/$unit.target $root/run/units/; done
cp /lib/systemd/system/systemd-reboot.service /lib/systemd/system/systemd-poweroff.service $root/run/units/
ln -s multi-user.target $root/run/units/default.target
ip link set lo up
cd $root
pivot_root . run/old
umount -l run/old
systemd-sysusers
exec env -i container=fabric-test PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
  SYSTEMD_UNIT_PATH=/etc/systemd/system:/usr/local/lib/systemd/system:/run/units \
  /lib/systemd/systemd --system --log-target=console --log-level=notice --show-status=no
"""


class Machine:
    """Only the thread that made it, and lives as long, may boot it. `network`: a network namespace that is there, as
    Host.network of hosts.py; it outlives the machine's boots. Without one each boot has a network of its own, with
    nobody else in it."""

    def __init__(self, build, network=None):
        sweep()
        self._build, self._network = pathlib.Path(build), network
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="fabric-machine-"))
        for folder in ("disk", "scratch", "root"):
            (self.directory / folder).mkdir()
        self.log_file = self.directory / "console.log"
        self.group = f"fabric-test-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._outer, self._pid = None, 0
        self.write("/etc/machine-id", "")
        self.write("/etc/systemd/system/.keep", "")

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    # -- its disk, while it is off ------------------------------------------------------------------------------------

    def write(self, path, text):
        file = self.directory / "disk" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def install(self):
        """What an operator does with the build: cmake --install, with its standard prefix."""
        subprocess.run(["cmake", "--install", str(self._build), "--strip"], check=True, capture_output=True,
                       env={**os.environ, "DESTDIR": str(self.directory / "disk")})

    # -- its power ----------------------------------------------------------------------------------------------------

    def boot(self):
        """Returns when systemd has started all that it is to start, or has failed to."""
        inside = ["nsenter", f"--net={netns.NETNS_HOME}/{self._network}", "unshare"] if self._network else \
            ["unshare", "--net"]
        with open(self.log_file, "ab") as log:
            self._outer = subprocess.Popen(
                [*inside, "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--cgroup",
                 "bash", "-c", _BOOT, "bash", str(self.directory), str(uuid.uuid4()), *UNITS],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self._enter)
        self._pid = netns.child_of(self._outer.pid)
        eventually(lambda: self._outer.poll() is not None or self.run(
            "systemctl", "is-system-running").stdout.strip() in ("running", "degraded"), f"a boot: {self.log()}")
        if self._outer.poll() is not None:
            raise netns.Refused(f"the machine does not boot: {self.log()}")
        return self

    def reboot(self):
        """In good order, as `systemctl reboot` does it."""
        self.run("systemctl", "reboot")
        self._outer.wait(timeout=3 * DEADLINE_S)
        self._outer = None
        return self.boot()

    def cut_power(self):
        """Everything dies at once; the disk keeps what was written. May be called again."""
        if self._outer:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._outer.wait()
            self._outer = None

    def close(self):
        """Leaves nothing. May be called again."""
        self.cut_power()
        remove_groups(self.group)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _enter(self):
        """Before the program of a boot begins: into cgroups of its own, which then are all that it sees."""
        netns.die_with_parent()
        for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
            number, kind, own = line.split(":", 2)
            name = "unified" if number == "0" and (CONTROL_GROUPS / "unified").is_dir() else kind.replace("name=", "")
            home = CONTROL_GROUPS / name / own.lstrip("/") / self.group
            with contextlib.suppress(OSError):  # A hierarchy that asks for more, or is not ours.
                home.mkdir(exist_ok=True)
                (home / "cgroup.procs").write_text(str(os.getpid()))

    # -- on it --------------------------------------------------------------------------------------------------------

    def run(self, *argv):
        """Runs a command on the machine, as root."""
        return subprocess.run(["nsenter", "--target", str(self._pid), "--mount", "--pid", "--uts", "--ipc", "--net",
                               "--cgroup", "--root", "--wd", "env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin",
                               *map(str, argv)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3 * DEADLINE_S,
                              check=False)

    def property_of(self, unit, name):
        return self.run("systemctl", "show", "--property", name, "--value", unit).stdout.strip()


def remove_groups(name):
    """The cgroups of a machine whose processes are gone."""
    for group in CONTROL_GROUPS.glob(f"**/{name}"):
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def sweep():
    """Removes the cgroups of machines whose test was killed; their processes died with it."""
    for group in CONTROL_GROUPS.glob("**/fabric-test-*-*"):
        pid = group.name.split("-")[2]
        if pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            remove_groups(group.name)
