"""Figures of the fabric on this machine, a JSON line each. scripts/bench starts it; nothing here passes or fails."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import bench_load
import bench_nodes
from local_fabric import BIN, POLL_S, ROOT, FabricError, LocalFabric, cpu_seconds, ended

SLOTS = 8
CLASSES = {"/classes/true": {"command": ["/bin/true"]}}
BLOCK = 4096
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "check": True}


def say(text):
    print(text, file=sys.stderr, flush=True)


def seconds_of(action):
    started = time.monotonic()
    action()
    return time.monotonic() - started


def await_ended(fabric, wanted):
    """Until so many jobs have ended. Asks rarely: each question starts a process on the cores that are measured."""
    first, since = ended(fabric.lanes()), time.monotonic()
    while (now := ended(fabric.lanes())) < wanted:
        pace = max(now - first, 1) / (time.monotonic() - since)
        time.sleep(min(max((wanted - now) / pace / 2, POLL_S), 0.5))


class Bench:
    """What all figures share: the directory, how much to do, the disk's price of a sync."""

    def __init__(self, directory, quick):
        self.directory = pathlib.Path(directory)
        self.jobs, self.batch, self.singles = (300, 1000, 20) if quick else (3000, 10_000, 100)
        self.runs, self.idle_s = (3, 5) if quick else (5, 20)
        self.fabrics = []

    def start(self, name, slots, settings=None):
        fabric = LocalFabric(self.directory / name, ROOT / "config/fast-first.json",
                             {"/lanes/0/slots": slots, **(CLASSES if settings is None else settings)})
        fabric.directory.mkdir(exist_ok=True)
        self.keep(fabric).start()
        return fabric

    def keep(self, fabric):
        """Stops it at the end, if nobody has until then."""
        self.fabrics.append(fabric)
        return fabric

    def stop(self):
        for fabric in self.fabrics:
            fabric.stop_at_once()

    def submissions(self, count, job_class="true"):
        path = self.directory / f"{job_class}-{count}.ndjson"
        path.write_text(f'{{"class":"{job_class}"}}\n' * count)
        return path

    def sync_us(self):
        """Median of writing 4 KiB and fdatasync, in the file system the store is in."""
        costs = []
        with open(self.directory / "sync", "wb", buffering=0) as file:
            for _ in range(100):
                file.write(b"x" * BLOCK)
                costs.append(seconds_of(lambda: os.fdatasync(file.fileno())) * 1e6)
        return statistics.median(costs)

    def report(self, name, unit, values, sync_us, peer=None, peer_values=(), note=None):
        """Prints a figure; the ratio is that of the medians."""
        median = statistics.median(values)
        line = {"name": name, "value": round(median, 3), "unit": unit, "peer": peer,
                "peer_value": round(statistics.median(peer_values), 2) if peer_values else None,
                "ratio": round(median / statistics.median(peer_values), 4) if peer_values else None,
                "n": len(values), "min": round(min(values), 2), "median": round(median, 2),
                "max": round(max(values), 2),
                "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2), "fdatasync_us": round(sync_us, 1)}
        if note:
            line["note"] = note
        print(json.dumps(line), flush=True)

    def interleaved(self, *actions):
        """Runs each action `runs` times, in turns; returns the values of each and the median price of a sync."""
        values, syncs = [[] for _ in actions], []
        for _ in range(self.runs):
            syncs.append(self.sync_us())
            for kept, action in zip(values, actions, strict=True):
                kept.append(action())
        return *values, statistics.median(syncs)

    # -- the figures --------------------------------------------------------------------------------------------------

    def idle(self, fabric):
        """CPU of fabricd and its runner while there is nothing to do."""
        say(f"idle for {self.idle_s} s")
        time.sleep(1)
        before = {pid: cpu_seconds(pid) for pid in fabric.processes()}
        time.sleep(self.idle_s)
        after = {pid: cpu_seconds(pid) for pid in before}
        spent = sum(after[pid] - before[pid] for pid in before if None not in (before[pid], after[pid]))
        self.report("idle_cpu", "% of a core", [100 * spent / self.idle_s], self.sync_us(),
                    note=f"fabricd and fabric-runner over {self.idle_s} s, as the kernel's scheduler counts")

    def file_rate(self, fabric, job_class="true", jobs=0):
        """Jobs per second, from the submission of a file of them until all results are committed."""
        jobs = jobs or self.jobs
        path, wanted = self.submissions(jobs, job_class), ended(fabric.lanes()) + jobs

        def work():
            fabric.submit_file(path)
            await_ended(fabric, wanted)
            if any(lane["counts"]["buried"] for lane in fabric.lanes()):
                raise FabricError(f"a job of class {job_class} was buried")
        return jobs / seconds_of(work)

    def throughput(self, fabric):
        """/bin/true per second, from the submission until all results are committed, beside xargs."""
        say(f"/bin/true, {self.runs} times {self.jobs} jobs with {SLOTS} slots beside xargs -P2")
        words = "x\n" * self.jobs

        def through_xargs():
            argv = ["xargs", "-P2", "-n1", "/bin/true"]
            return self.jobs / seconds_of(lambda: subprocess.run(argv, input=words, text=True, check=True))

        ours, theirs, sync = self.interleaved(lambda: self.file_rate(fabric), through_xargs)
        self.report("true_per_second", "jobs/s", ours, sync, "xargs -P2 -n1 /bin/true", theirs,
                    note=f"{SLOTS} slots, {self.jobs} jobs a run, until every result is committed")

    def submission(self, fabric):
        """Durable submissions per second, to a lane without slots, in batches and one at a time."""
        say(f"submissions, {self.runs} times {self.batch} in a file and {self.singles} one by one")
        path, program = self.submissions(self.batch), str(BIN / "fabric")

        def in_batches():
            return self.batch / seconds_of(lambda: fabric.submit_file(path))

        def one_by_one():
            argv = [program, "--node", fabric.address, "--tls", str(fabric.tls), "submit", "true"]
            return self.singles / seconds_of(lambda: [subprocess.run(argv, **QUIET) for _ in range(self.singles)])

        def only_start():
            argv = [program, "--node", fabric.address, "--tls", str(fabric.tls), "--json", "lanes"]
            return self.singles / seconds_of(lambda: [subprocess.run(argv, **QUIET) for _ in range(self.singles)])

        batches, singles, starts, sync = self.interleaved(in_batches, one_by_one, only_start)
        self.report("submissions_per_second_batched", "jobs/s", batches, sync,
                    note=f"fabric submit --file of {self.batch} jobs, all durable when it returns")
        self.report("submissions_per_second_single", "jobs/s", singles, sync,
                    "fabric lanes, which writes nothing", starts,
                    note="a process and a connection per job: their start dominates, as the peer shows")

    def with_fabric(self, slots, *figures):
        """Measures with a fresh fabric."""
        fabric = self.start(figures[0].__name__, slots)
        for figure in figures:
            figure(fabric)
        fabric.stop_at_once()

    def run(self, figures):
        say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, data in {self.directory}")
        for figure in figures:
            figure(self)


FIGURES = {
    "idle": lambda b: b.with_fabric(SLOTS, b.idle),
    "true": lambda b: b.with_fabric(SLOTS, b.throughput),
    "submit": lambda b: b.with_fabric(0, b.submission),
    "noop": bench_load.noop,
    "clients": bench_load.submissions,
    "latency": bench_load.latency,
    "million": bench_load.million,
    "delayed": bench_load.delayed,
}
HEAVY = ("million", "delayed")


def interrupt(*_):
    raise KeyboardInterrupt


def main(words):
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--quick", action="store_true", help="fewer jobs and runs")
    parser.add_argument("--all", action="store_true", help=f"the heavy ones too: {', '.join(HEAVY)}")
    parser.add_argument("--nodes", type=int, choices=range(1, 9), metavar="N",
                        help="only this: N worker nodes over loopback beside one process")
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"only these of {', '.join(FIGURES)}")
    options = parser.parse_args(words)
    if unknown := set(options.figures) - set(FIGURES):
        parser.error(f"no figure {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    names = options.figures or [name for name in FIGURES if options.all or name not in HEAVY]
    if options.nodes and (options.figures or options.all):
        parser.error("--nodes is measured alone")
    figures = [FIGURES[name] for name in names]
    if options.nodes:
        figures = [lambda b: bench_nodes.nodes(b, options.nodes)]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    directory = tempfile.mkdtemp(prefix="fabric-bench-")
    bench = Bench(directory, options.quick)
    try:
        bench.run(figures)
        return 0
    except KeyboardInterrupt:
        return 130
    except (FabricError, OSError, subprocess.SubprocessError) as e:
        say(f"scripts/bench: {e}")
        return 1
    finally:
        with contextlib.suppress(FabricError):
            bench.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
