"""The cell of cluster.py with a host of its own for each node, and one for the client; see hosts.py for what can be
done to the hosts."""

from cluster import Cluster, ClusterTest, Joins
from hosts import HostNode, HostTest


class HostWorker(Joins, HostNode):
    pass


class HostCluster(Cluster):
    """Only the cell's own thread may use it."""

    def __init__(self, cell, workers=("w1", "w2"), **options):
        self.cell = cell
        super().__init__(cell.directory, workers, **options)

    def make_scheduler(self, config):
        return HostNode(self.cell["scheduler"], config)

    def seen_by_client(self):
        return self.scheduler.seen_from(self.cell["client"])

    def make_proxy(self, name):
        return self.cell.proxy_to(self.cell["scheduler"])

    def make_worker(self, name, config):
        worker = HostWorker(self.cell[name], config, base=self.worker_base(name))
        return worker.join(self.scheduler.seen_from(self.cell["client"]), self.way(name))


class HostClusterTest(HostTest):
    finish = ClusterTest.finish

    def cluster(self, workers=("w1", "w2"), start=True, **options):
        cell = self.cell("scheduler", *workers, "client")
        cluster = HostCluster(cell, workers, **options)
        self.addCleanup(cluster.close)
        return cluster.start() if start else cluster
