"""A cell of several nodes on this machine: a scheduler that runs nothing itself, and workers that joined it over
loopback, each with a data directory of its own. On hosts of their own: host_cluster.py.

    c = Cluster(directory, ("w1", "w2"), proxied=("w1",))    # a ClusterTest makes one with self.cluster()
    c.start()
    job = c.client.run(c.gate("a")); c.runs_on(job)     # fabric of a client; the workers where it runs now
    c.proxies["w1"].down.set(drop=True)                 # the link of a proxied worker; see fault_proxy.py
"""

import json
import pathlib
import shutil
import tempfile

from fault_proxy import FaultProxy
from harness import BIN, Node, NodeTest, base_config, eventually, merged

LEASE_S = 3  # The shortest that there is.
SHORT = {"lease": {"first": f"{LEASE_S}s", "node_silence": "2s"}}
SLOTS = {"fast": 2, "slow": 1}


class Joins:
    """For a Node that runs jobs for the cell of another one, its `scheduler`, which it dials at `joins`; its `fabric`
    commands ask that one."""

    def join(self, scheduler, joins):
        self.scheduler, self.joins = scheduler, joins
        return self

    def command(self, *options):
        config = merged(self.config, {"node": {"join": [self.joins]}})
        self.config_file.write_text(json.dumps(config))
        return [str(BIN / "fabricd"), "--config", str(self.config_file), "--data", str(self.data), *options]

    def argv(self, *words, as_json=True):
        return self.scheduler.argv(*words, as_json=as_json)


class Worker(Joins, Node):
    pass


class Cluster:
    """Settings: `config` of the scheduler, `worker_config` of each worker, `own` {name: of this worker}."""

    def __init__(self, directory, workers=("w1", "w2"), proxied=(), config=None, worker_config=None, own=None):
        self.directory = pathlib.Path(directory)
        none = {lane: 0 for lane in SLOTS}
        config = merged({**SHORT, "node": {"name": "scheduler", "workers": none}}, config or {})
        self.scheduler = self.make_scheduler(config)
        self.client = self.seen_by_client()
        self.proxies = {name: self.make_proxy(name) for name in proxied}
        own = own or {}
        self.workers = {name: self.make_worker(name, merged(worker_config or {}, own.get(name, {}))) for name in workers}

    # -- what it is made of -------------------------------------------------------------------------------------------

    def make_scheduler(self, config):
        return Node(self._home("scheduler"), config)

    def seen_by_client(self):
        return self.scheduler

    def make_proxy(self, name):
        return FaultProxy(("127.0.0.1", self.scheduler.port))

    def make_worker(self, name, config):
        return Worker(self._home(name), config, base=self.worker_base(name)).join(self.scheduler, self.way(name))

    def way(self, name):
        """The address that a worker dials."""
        return self.proxies[name].address if name in self.proxies else self.scheduler.address

    def worker_base(self, name):
        base = base_config()
        return {"node": {**base["node"], "name": name, "workers": SLOTS}, "classes": base["classes"]}

    def _home(self, name):
        home = self.directory / name
        home.mkdir(exist_ok=True)
        return home

    def add_worker(self, name, config=None):
        self.workers[name] = self.make_worker(name, config or {})
        return self.workers[name]

    # -- its life -----------------------------------------------------------------------------------------------------

    def start(self):
        self.scheduler.start()
        for worker in self.workers.values():
            self.scheduler.admit(worker)
            worker.launch()
        for worker in self.workers.values():
            worker.until_ready()
        return self

    def nodes(self):
        return [self.scheduler, *self.workers.values()]

    def close(self):
        for proxy in self.proxies.values():
            proxy.close()
        for node in self.nodes():
            node.kill_everything()

    # -- what is so ---------------------------------------------------------------------------------------------------

    def known(self):
        """{name: what `fabric nodes` says of it}"""
        answer = self.client.fabric("nodes")
        return {n["node"]: n for n in answer.lines[0]["nodes"]} if answer.code == 0 else {}

    def joined(self, *names):
        """Whether these nodes are here and their slots are offered."""
        known = self.known()
        return all(name in known and not known[name]["lost"] and known[name]["workers"] for name in names)

    def until_joined(self, *names, seconds=30):
        eventually(lambda: self.joined(*names), f"{names} have joined", seconds)

    def until_lost(self, name, seconds=30):
        return eventually(lambda: (n := self.known().get(name)) and n["lost"] and n, f"{name} is lost", seconds)

    def runs_on(self, job):
        """The names of the workers where processes of the job are alive."""
        return sorted(name for name, node in self.workers.items() if node.job_processes(job))

    def started(self, job, seconds=30):
        """Waits until the job runs; returns the worker's name and its pids there."""
        what = f"job {job} runs: {self.client.fabric('show', job).out}"
        name = eventually(lambda: self.runs_on(job), what, seconds)[0]
        return name, self.workers[name].job_processes(job)

    def started_elsewhere(self, job, than, seconds=60):
        return eventually(lambda: [n for n in self.runs_on(job) if n != than], f"job {job} runs elsewhere", seconds)[0]

    def gate(self, name):
        """A script that runs until open_gate(name), wherever it runs: all have the folder in common."""
        return f"while [ ! -e {self.directory}/gate-{name} ]; do sleep 0.02; done"

    def open_gate(self, name):
        (self.directory / f"gate-{name}").touch()


class ClusterTest(NodeTest):
    def cluster(self, workers=("w1", "w2"), start=True, **options):
        directory = tempfile.mkdtemp(prefix="fabric-test-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        cluster = Cluster(directory, workers, **options)
        self.addCleanup(cluster.close)
        return cluster.start() if start else cluster

    def finish(self, cluster, gate, *jobs):
        """Opens the gate and waits for the jobs, which must succeed; returns their attempts' outcomes."""
        cluster.open_gate(gate)
        for job in jobs:
            self.assertEqual(cluster.client.until(job, "succeeded", "buried")["state"], "succeeded")
        return [cluster.client.outcomes(job) for job in jobs]
