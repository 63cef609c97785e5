"""A cell of several hosts with the fabric on them: a scheduler that runs nothing itself, workers that joined it, and a
client; see hosts.py for what can be done to the hosts.

    c = Cluster(cell, ("w1", "w2"), proxied=("w1",))    # a ClusterTest makes one with self.cluster()
    c.start()
    job = c.client.run(c.gate("a")); c.runs_on(job)     # fabric on the client's host; the workers where it runs now
    c.proxies["w1"].down.set(drop=True)                 # the link of a proxied worker; see fault_proxy.py
"""

from harness import base_config, eventually, merged
from hosts import HostNode, HostTest

LEASE_S = 3  # The shortest that there is.
SHORT = {"lease": {"first": f"{LEASE_S}s", "node_silence": "2s"}}


class Cluster:
    """Only the cell's own thread may use it."""

    def __init__(self, cell, workers=("w1", "w2"), proxied=(), config=None, worker_config=None):
        self.cell = cell
        none = {lane["name"]: 0 for lane in base_config()["lanes"]}
        self.scheduler = HostNode(cell["scheduler"], merged({**SHORT, "node": {"workers": none}}, config or {}))
        self.client = self.scheduler.seen_from(cell["client"])
        self.proxies = {name: cell[name].proxy_to(cell["scheduler"]) for name in proxied}
        self.workers = {name: self._worker(name, worker_config or {}) for name in workers}

    def _worker(self, name, config):
        base = base_config()
        joins = self.proxies[name].address if name in self.proxies else f"{self.cell['scheduler'].address}:7600"
        own = {"node": {**base["node"], "name": name, "join": [joins], "workers": {"fast": 2, "slow": 1}},
               "classes": base["classes"]}
        return HostNode(self.cell[name], config, base=own)

    def start(self):
        self.scheduler.start()
        for node in self.workers.values():
            self.scheduler.admit(node)
            node.start()
        self.until_joined(*self.workers)
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

    def until_joined(self, *names, seconds=30):
        eventually(lambda: set(names) <= {n for n, node in self.known().items() if node.get("workers")},
                   f"{names} have joined: {self.known()}", seconds)

    def runs_on(self, job):
        """The names of the workers on whose hosts processes of the job are alive."""
        return sorted(name for name, node in self.workers.items() if node.job_processes(job))

    def started(self, job, seconds=30):
        """Waits until the job runs; returns the worker's name and its pids there."""
        name = eventually(lambda: self.runs_on(job), f"job {job} runs: {self.client.fabric('show', job).out}", seconds)[0]
        return name, self.workers[name].job_processes(job)

    def started_elsewhere(self, job, than, seconds=60):
        return eventually(lambda: [n for n in self.runs_on(job) if n != than], f"job {job} runs elsewhere", seconds)[0]

    def gate(self, name):
        """A script that runs until open_gate(name), wherever it runs: hosts have the folder in common."""
        return f"while [ ! -e {self.cell.directory}/gate-{name} ]; do sleep 0.02; done"

    def open_gate(self, name):
        (self.cell.directory / f"gate-{name}").touch()


class ClusterTest(HostTest):
    def cluster(self, workers=("w1", "w2"), start=True, **options):
        cell = self.cell("scheduler", *workers, "client")
        cluster = Cluster(cell, workers, **options)
        self.addCleanup(cluster.close)
        return cluster.start() if start else cluster

    def finish(self, cluster, gate, *jobs):
        """Opens the gate and waits for the jobs, which must succeed; returns their attempts' outcomes."""
        cluster.open_gate(gate)
        for job in jobs:
            self.assertEqual(cluster.client.until(job, "succeeded", "buried")["state"], "succeeded")
        return [cluster.client.outcomes(job) for job in jobs]
