"""A cell of several hosts on one machine: each has its own network stack, processes, mounts, name, boot id and clocks
since boot; a bridge joins them. The wall clock is everybody's.

    cell = Cell(("scheduler", "w1", "client"))    # up at once; a HostTest makes one with self.cell()
    cell["w1"].link_down()                        # the cable is pulled; link_up() puts it in again
    cell["w1"].lose_to(cell["scheduler"])         # what w1 sends there vanishes; what it receives does not
    proxy = cell.proxy_to(cell["scheduler"])      # a bad link by choice; see fault_proxy.py
    cell["w1"].power_off(); cell["w1"].boot()     # all processes gone, nobody told; then another boot id
    n = HostNode(cell["scheduler"]).start()       # a fabricd there, as harness.Node
    n.seen_from(cell["client"]).submit("sh")      # fabric on another host
"""

import contextlib
import copy
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid

import netns
from fault_proxy import FaultProxy
from harness import DEADLINE_S, Node, NodeTest, alive, eventually, merged, read_bytes

NETWORK = "10.77.0"
SWITCH = NETWORK + ".254"
PORT = 7600
ALL = ("scheduler", "w1", "w2", "w3", "client")


class Cell:
    """The hosts, by name. Any thread may ask; only the thread that made it, and lives as long, may boot hosts."""

    def __init__(self, hosts=ALL):
        netns.sweep()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="fabric-cell-"))
        self.prefix = netns.new_prefix()
        self.switch = self.prefix + "switch"
        self._hosts = {}
        try:
            netns.command("ip", "netns", "add", self.switch)
            # Else its address is one of its ports', and changes with them: nobody would find it for half a minute.
            self._switch("link", "add", "br0", "address", "02:00:00:00:01:00", "type", "bridge")
            self._switch("link", "set", "br0", "up")
            self._switch("address", "add", f"{SWITCH}/24", "dev", "br0")
            for number, name in enumerate(hosts, 1):
                self._hosts[name] = Host(self, name, f"{NETWORK}.{number}").boot()
        except BaseException:
            self.close()
            raise

    def __getitem__(self, name):
        return self._hosts[name]

    def __iter__(self):
        return iter(self._hosts.values())

    def close(self):
        """Ends and removes everything. May be called again."""
        for host in self:
            host.power_off()
        if self.switch in netns.names():
            netns.command("ip", "netns", "delete", self.switch)
        shutil.rmtree(self.directory, ignore_errors=True)

    def proxy_to(self, host, port=PORT):
        """A FaultProxy on the switch, which outlives every host, in front of a port of a host; its user closes it."""
        return FaultProxy((host.address, port), *_ends(self.switch, SWITCH))

    def _switch(self, *words):
        netns.command("ip", "-n", self.switch, *words)


class Host:
    """One host of a cell. Its directory is the disk: it outlives power_off()."""

    def __init__(self, cell, name, address):
        self.name, self.address, self._cell = name, address, cell
        self.directory = cell.directory / name
        self.network = cell.prefix + name
        self.boots = []  # (boot id, seconds that its CLOCK_BOOTTIME is ahead of the machine's), the latest last
        self._init = None

    # -- the machine --------------------------------------------------------------------------------------------------

    @property
    def running(self):
        return self._init is not None

    @property
    def boot_id(self):
        return self.boots[-1][0]

    def boot(self):
        """The host comes up: with a boot id that nobody has seen and a clock that begins anew, not long after 0."""
        netns.command("ip", "netns", "add", self.network)
        self._plug_in()
        self.directory.mkdir(exist_ok=True)
        boot_id = self.directory / "boot_id"
        self.boots.append((str(uuid.uuid4()), random.randint(5, 60) - int(time.clock_gettime(time.CLOCK_BOOTTIME))))
        boot_id.write_text(self.boot_id + "\n")
        self._init = netns.Init(self.network, self.name, boot_id, self.boots[-1][1])
        return self

    def power_off(self):
        """Everything on the host dies at once, and nobody hears of it: the link goes first. May be called again."""
        if self.network in netns.names():
            with contextlib.suppress(netns.Refused):
                self.link_down()
        if self._init:
            self._init.kill()
            self._init = None
        if self.network in netns.names():
            with contextlib.suppress(netns.Refused):
                netns.command("ip", "-n", self._cell.switch, "link", "delete", self.name)
            netns.command("ip", "netns", "delete", self.network)

    def _plug_in(self):
        outside = ("ip", "-n", self._cell.switch, "link")
        card = f"02:00:00:00:00:{int(self.address.rsplit('.', 1)[1]):02x}"  # The same after every boot.
        netns.command(*outside, "add", self.name, "type", "veth",
                      "peer", "name", "eth0", "address", card, "netns", self.network)
        netns.command(*outside, "set", self.name, "master", "br0", "up")
        netns.command("ip", "-n", self.network, "link", "set", "lo", "up")
        netns.command("ip", "-n", self.network, "address", "add", f"{self.address}/24", "dev", "eth0")
        netns.command("ip", "-n", self.network, "link", "set", "eth0", "up")

    # -- its link -----------------------------------------------------------------------------------------------------

    def link_down(self):
        """What is under way is lost; sockets stay and know nothing of it."""
        netns.command("ip", "-n", self._cell.switch, "link", "set", self.name, "down")

    def link_up(self):
        netns.command("ip", "-n", self._cell.switch, "link", "set", self.name, "up")

    def lose_to(self, other):
        """Packets from here to the other host vanish: they go to a card that nobody has. Nothing else changes."""
        netns.command("ip", "-n", self.network, "neighbour", "replace", other.address, "lladdr", "02:00:00:00:00:ff",
                      "dev", "eth0", "nud", "permanent")

    def find_again(self, other):
        netns.command("ip", "-n", self.network, "neighbour", "delete", other.address, "dev", "eth0")

    def slow_down(self, rate):
        """Both directions of the link take no more than `rate` (as tc spells it: "2mbit"), with a short queue."""
        shape = ("root", "tbf", "rate", rate, "burst", "16kb", "latency", "200ms")
        netns.command("tc", "-n", self.network, "qdisc", "replace", "dev", "eth0", *shape)
        netns.command("tc", "-n", self._cell.switch, "qdisc", "replace", "dev", self.name, *shape)

    def speed_up(self):
        netns.command("tc", "-n", self.network, "qdisc", "delete", "dev", "eth0", "root")
        netns.command("tc", "-n", self._cell.switch, "qdisc", "delete", "dev", self.name, "root")

    def on_the_network(self):
        """A context in which sockets that this thread makes are the host's."""
        return netns.entered(self.network)

    def proxy_to(self, other, port=PORT):
        """A FaultProxy on this host's loopback in front of a port of the other host; whoever makes it closes it."""
        return FaultProxy((other.address, port), *_ends(self.network, "127.0.0.1"))

    # -- its processes ------------------------------------------------------------------------------------------------

    def prefix(self):
        return self._init.prefix()

    def popen(self, argv, **options):
        return subprocess.Popen([*self.prefix(), *map(str, argv)], **options)

    def run(self, *argv, **options):
        return subprocess.run([*self.prefix(), *map(str, argv)], **{
            "stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": DEADLINE_S, "check": False,
            **options})

    def processes(self):
        """The pids, as this machine numbers them, of what runs on the host, its first process excepted."""
        home = os.readlink(f"/proc/{self._init.pid}/ns/pid")
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{entry}/ns/pid") == home and int(entry) != self._init.pid and alive(entry):
                    found.append(int(entry))
        return sorted(found)

    def suspend(self):
        """Everything on the host stops, new processes too; as SIGSTOP does it, so its clocks run on."""
        def all_stopped():
            self._to_all(signal.SIGSTOP)
            return all(state(pid) in "TZX" for pid in self.processes())
        eventually(all_stopped, f"everything on {self.name} has stopped")

    def resume(self):
        self._to_all(signal.SIGCONT)
        for pid in netns.pids_with(f"--target\0{self._init.pid}\0"):
            os.kill(pid, signal.SIGCONT)  # The nsenters, which stop with what they wait for.

    def _to_all(self, number):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _ends(network, address):
    """What makes the two ends of a FaultProxy in a network namespace; see there."""
    def listen(chosen):
        with netns.entered(network):
            return socket.create_server((address, chosen))

    def dial():
        with netns.entered(network):
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    return listen, dial


def state(pid):
    """The letter of /proc/PID/stat; X if there is no such process."""
    stat = read_bytes(f"/proc/{pid}/stat")
    return stat.rsplit(b")", 1)[1].split()[0].decode() if stat else "X"


class HostNode(Node):
    """The fabricd of a host, and its command line. `process` is the nsenter around it; `pid` is fabricd."""

    def __init__(self, host, config=None, base=None):
        host.directory.mkdir(exist_ok=True)
        super().__init__(host.directory, merged({"node": {"name": host.name}}, config or {}), base)
        self.host, self._asking = host, host
        self.env = None  # Of fabricd, and of the runner that it starts; None: this process's own.

    @property
    def address(self):
        """Where it listens, unless its configuration says: its host's address in the cell."""
        return self.config["node"].get("listen", f"{self.host.address}:{PORT}")

    @property
    def pid(self):
        """The pid of fabricd, as this machine numbers it; 0 if it does not run."""
        return netns.child_of(self.process.pid) if self.process and self.process.poll() is None else 0

    def seen_from(self, host):
        """The same node, whose `fabric` commands run on another host."""
        seen = copy.copy(self)
        seen._asking = host
        return seen

    def launch(self, *options, prefix=(), env=None):
        return super().launch(*options, prefix=(*self.host.prefix(), *prefix), env=env or self.env)

    def refuses_to_start(self, *options, prefix=()):
        return super().refuses_to_start(*options, prefix=(*self.host.prefix(), *prefix))

    def argv(self, *words, as_json=True):
        return [*self._asking.prefix(), *super().argv(*words, as_json=as_json)]

    def signal(self, number):
        """To fabricd. nsenter follows: it stops with its child, and has to be woken like it."""
        pid = self.pid
        if pid:
            os.kill(pid, number)
        if number == signal.SIGCONT:
            self.process.send_signal(number)

    def kill_with_runner(self):
        """kill -9 of fabricd, the runner and the keepers; the processes of jobs are left to themselves."""
        for pid in (self.pid, *self.helpers("fabric-runner"), *self.keepers()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return self.end()

    def power_off(self):
        """The whole host; see Host.power_off."""
        self.host.power_off()
        self.kill_everything()


class Flapping(threading.Thread):
    """A link that goes down and up until stop(): `down_s` of each `period_s`. stop() leaves it up."""

    def __init__(self, host, period_s, down_s):
        super().__init__(name=f"flapping-{host.name}", daemon=True)
        self._host, self._up_s, self._down_s = host, period_s - down_s, down_s
        self._stopped = threading.Event()
        self.flaps = 0

    def run(self):
        while not self._stopped.wait(self._up_s):
            self._host.link_down()
            self.flaps += 1
            self._stopped.wait(self._down_s)
            self._host.link_up()

    def stop(self):
        self._stopped.set()
        self.join()


class HostTest(NodeTest):
    """Tests with several hosts; skipped loudly where there can be none."""

    @classmethod
    def setUpClass(cls):
        netns.require()

    def cell(self, *hosts):
        cell = Cell(hosts or ALL)
        self.addCleanup(cell.close)
        return cell

    def proxy(self, source, target):
        """A bad link for what dials from the source host; see Host.proxy_to."""
        proxy = source.proxy_to(target)
        self.addCleanup(proxy.close)
        return proxy

    def node_on(self, host, config=None, start=True, base=None):
        node = HostNode(host, config, base)
        self.addCleanup(node.kill_everything)
        return node.start() if start else node
