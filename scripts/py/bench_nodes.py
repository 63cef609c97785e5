"""What the wire costs: a scheduler that runs nothing and worker nodes, on this machine over loopback with mTLS, beside
one fabricd with as many slots. Both are there all the time and take turns."""

import statistics
import sys
import time

from local_fabric import POLL_S, READY_S, ROOT, FabricError, LocalFabric, LocalWorker, cpu_seconds, read_bytes

CONFIG = ROOT / "config/fast-first.json"
# name: classes, slots in all. A worker has at most 512.
KINDS = {"true": ({"/classes": {"true": {"command": ["/bin/true"]}}}, 8),
         "noop": ({"/classes": {"noop": {"handler": "noop"}}}, 240)}


def say(text):
    print(text, file=sys.stderr, flush=True)


class Cell:
    """A scheduler and its workers, all of them started."""

    def __init__(self, bench, name, count, slots, classes):
        directory = bench.directory / name
        none = {"/node/name": "s", "/node/workers": {"fast": 0, "slow": 0}}
        self.scheduler = bench.keep(Scheduler(directory, CONFIG, {**classes, **none}))
        self.workers = []
        for number in range(count):
            share = slots // count + (number < slots % count)
            own = {"/node/name": f"w{number}", "/node/workers": {"fast": share, "slow": 0}}
            self.workers.append(bench.keep(LocalWorker(directory / f"w{number}", CONFIG, {**classes, **own},
                                                       self.scheduler)))
        for node in self.nodes():
            node.directory.mkdir(exist_ok=True)
            node.start()
        self.await_slots(slots)

    def nodes(self):
        return [self.scheduler, *self.workers]

    def await_slots(self, wanted):
        end = time.monotonic() + READY_S
        while (slots := self.scheduler.lanes()[0]["slots"]) != wanted:
            if time.monotonic() > end:
                raise FabricError(f"{slots} of {wanted} slots after {READY_S} s")
            time.sleep(POLL_S)


class Scheduler(LocalFabric):
    def await_slots(self):
        """It has none of its own."""


def cpu_of(fabrics):
    """CPU time of each fabricd, and of the runners together; keepers and jobs are left out."""
    daemons = [cpu_seconds(f.process.pid) or 0 for f in fabrics]
    runners = [pid for f in fabrics for pid in f.processes() if read_bytes(f"/proc/{pid}/comm") == b"fabric-runner\n"]
    return [*daemons, sum(cpu_seconds(pid) or 0 for pid in runners)]


def costs(bench, fabrics, job_class, jobs):
    """The rate, and the CPU of each process in us per job."""
    before = cpu_of(fabrics)
    rate = bench.file_rate(fabrics[0], job_class, jobs)
    return rate, [(after - was) / jobs * 1e6 for after, was in zip(cpu_of(fabrics), before, strict=True)]


def nodes(bench, count):
    for kind in KINDS:
        compare(bench, count, kind)


def compare(bench, count, kind):
    classes, slots = KINDS[kind]
    jobs = bench.jobs if kind == "true" else bench.batch * 2
    say(f"{kind}: {bench.runs} times {jobs} jobs with {slots} slots, in one process and on {count} nodes")
    one = bench.start(f"{kind}-one", slots, {**classes, "/node/workers": {"fast": slots, "slow": 0}})
    cell = Cell(bench, f"{kind}-cell", count, slots, classes)
    for fabric in (one, cell.scheduler):
        bench.file_rate(fabric, kind, jobs // 10)
    ours, theirs, sync = bench.interleaved(lambda: costs(bench, cell.nodes(), kind, jobs),
                                           lambda: costs(bench, [one], kind, jobs))
    ratios = [a[0] / b[0] for a, b in zip(ours, theirs, strict=True)]
    bench.report(f"{kind}_per_second_{count}_nodes", "jobs/s", [o[0] for o in ours], sync,
                 "one process with as many slots, in turns", [o[0] for o in theirs],
                 note=f"{slots} slots in all, mTLS over loopback, {jobs} jobs a run, until every result is committed")
    bench.report(f"{kind}_wire_ratio", "of the rate of one process", ratios, sync,
                 note="median of the pairs' own ratios; " + cpu_note(ours, theirs))
    for fabric in (*cell.workers, cell.scheduler, one):
        fabric.stop_at_once()


def cpu_note(ours, theirs):
    def median(runs):
        return [statistics.median(run[1][at] for run in runs) for at in range(len(runs[0][1]))]
    cell, one = median(ours), median(theirs)
    return (f"CPU per job, us: scheduler {cell[0]:.0f}, workers together {sum(cell[1:-1]):.0f}, their runners "
            f"{cell[-1]:.0f}; in one process {one[0]:.0f}, its runner {one[1]:.0f}")
