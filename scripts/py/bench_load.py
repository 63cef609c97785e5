"""Figures that need the C++ client's speed: fabric-load makes the load, see tests/bench/load.cpp."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

from local_fabric import BIN, POLL_S, FabricError, cpu_seconds, ended

LOAD = pathlib.Path(os.environ.get("FABRIC_LOAD") or BIN.parent / "tests/fabric-load")
HANDLERS = {"/classes": {"noop": {"handler": "noop"},
                         "again": {"handler": "sleep", "max_attempts": 1000,
                                   "backoff": {"base": "15s", "factor": 1, "jitter": 0}}}}
SLOTS = 500
IN_FLIGHT = 1000
INPUT = json.dumps("x" * 198)
MIB = 1 << 20
FALL_S = 180  # the store looks once a minute
KEPT = 8  # attempts of a job: limits::attempts_kept
ROUNDS = 11


def say(text):
    print(text, file=sys.stderr, flush=True)


def load(fabric, what, **options):
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    argv = [str(LOAD), "--port", str(fabric.port), "--tls", str(fabric.tls), *words, what]
    return json.loads(subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout)


def noop(bench):
    """No-op handlers with 1,000 jobs in flight, from submission until the client knows that the end is committed."""
    jobs = bench.batch * 4
    say(f"no-op handlers, {bench.runs} times {jobs} jobs, {IN_FLIGHT} in flight")
    fabric = bench.start("noop", SLOTS, HANDLERS)
    load(fabric, "cycles", jobs=jobs // 10, window=IN_FLIGHT)

    def cycles():
        before = cpu_seconds(fabric.process.pid)
        rate = load(fabric, "cycles", jobs=jobs, window=IN_FLIGHT)["per_second"]
        cpu.append((cpu_seconds(fabric.process.pid) - before) / jobs * 1e6)
        return rate

    cpu = []
    rates, sync = bench.interleaved(cycles)
    bench.report("noop_handlers_per_second", "jobs/s", rates, sync,
                 note=f"full durable life cycles, {IN_FLIGHT} in flight, {SLOTS} slots, 4 clients")
    bench.report("noop_handler_cpu", "us of fabricd per job", cpu, sync)
    fabric.stop_at_once()


def submissions(bench):
    """Durable submissions through the C++ client, to a lane without slots."""
    batches, singles = bench.batch * 5, bench.jobs
    say(f"submissions through the client, {bench.runs} times {batches} in batches and {singles} one at a time")
    fabric = bench.start("clients", 0, HANDLERS)
    batched, single, sync = bench.interleaved(
        lambda: load(fabric, "submit", jobs=batches, clients=2)["per_second"],
        lambda: load(fabric, "submit", jobs=singles, clients=16, batch=1)["per_second"])
    bench.report("client_submissions_per_second_batched", "jobs/s", batched, sync, note="2 clients, 512 in a batch")
    bench.report("client_submissions_per_second_single", "jobs/s", single, sync, note="16 clients, one job a call")
    fabric.stop_at_once()


def latency(bench):
    """From the client's call to the process's start, at 200 jobs/s."""
    jobs = bench.jobs // 3
    say(f"latency, {bench.runs} times {jobs} jobs at 200/s")
    fabric = bench.start("latency", 8)
    kept = []

    def paced():
        kept.append(load(fabric, "paced", **{"class": "true"}, jobs=jobs, rate=200))
        return kept[-1]["p50_ms"]

    p50, sync = bench.interleaved(paced)
    bench.report("latency_p50", "ms", p50, sync, note="submit to process start, /bin/true at 200/s, 8 slots")
    bench.report("latency_p99", "ms", [k["p99_ms"] for k in kept], sync)
    fabric.stop_at_once()


# -- the heavy ones ---------------------------------------------------------------------------------------------------


def rss(fabric):
    status = pathlib.Path(f"/proc/{fabric.process.pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


def disk(fabric):
    """MiB of all that is in the data directory but the store's reserve: database and its log, spool, ledger."""
    sizes = {f: f.stat().st_blocks * 512 for f in fabric.data.rglob("*") if f.is_file()}
    return sum(size for f, size in sizes.items() if f.suffix != ".reserve") / MIB


def running_or_ended(fabric):
    lanes = fabric.lanes()
    return ended(lanes) + sum(lane["counts"]["running"] for lane in lanes)


def until(condition, pause=POLL_S, most_s=600):
    """Returns how long it took."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > most_s:
            raise FabricError(f"a figure's condition did not come true within {most_s} s")
        time.sleep(pause)
    return time.monotonic() - started


def million(bench):
    """A million queued jobs of 200 bytes: memory, a restart, and what is left when they are done."""
    jobs = 100_000 if bench.runs < 5 else 1_000_000
    say(f"{jobs} queued jobs")
    settings = {**HANDLERS, "/store/retention/succeeded_count": 10_000}
    fabric = bench.start("million", 0, settings)
    sync = bench.sync_us()

    def sizes(when, note):
        bench.report(f"{when}_rss", "MiB", [rss(fabric)], sync, note=note)
        bench.report(f"{when}_disk", "MiB", [disk(fabric)], sync, note=note)

    idle_rss, idle_disk = rss(fabric), disk(fabric)
    sizes("idle", "before")
    load(fabric, "submit", jobs=jobs, clients=2, input=INPUT)
    sizes("queued", f"{jobs} jobs queued")
    fabric.stop_at_once()
    fabric.settings["/lanes/0/slots"] = SLOTS
    started = time.monotonic()
    fabric.start()
    until(lambda: running_or_ended(fabric))
    bench.report("restart_to_first_dispatch", "s", [time.monotonic() - started], sync, note=f"{jobs} jobs queued")
    sizes("restarted", f"{jobs} jobs queued")
    seconds = until(lambda: not live(fabric), 0.2)
    bench.report("drained_per_second", "jobs/s", [jobs / seconds], sync)
    sizes("drained", "when the last job has ended")
    started = time.monotonic()
    with contextlib.suppress(FabricError):  # then the sizes say how far it fell
        until(lambda: rss(fabric) < idle_rss + 10 and disk(fabric) < idle_disk + 20, 1, FALL_S)
    bench.report("fallback", "s", [time.monotonic() - started], sync,
                 note="until within 10 MiB of RSS and 20 MiB of disk of before")
    sizes("fallen", f"with {ended(fabric.lanes())} jobs kept")
    fabric.stop_at_once()


def live(fabric):
    return sum(lane["counts"][state] for lane in fabric.lanes() for state in ("scheduled", "ready", "running"))


def attempts(fabric):
    return fabric.sql("SELECT sum(attempt) FROM jobs")[0][0] or 0


def delayed(bench):
    """Jobs that are released with a delay again and again: the disk after each round. The delay is longer than a round
    takes, else the first of them run again before the last."""
    jobs = 10_000 if bench.runs < 5 else 100_000
    say(f"{jobs} jobs released with a delay, {ROUNDS} rounds")
    fabric = bench.start("delayed", SLOTS, HANDLERS)
    load(fabric, "submit", jobs=jobs, clients=2, **{"class": "again"})
    sizes, began = [], time.monotonic()
    for round_ in range(1, ROUNDS + 1):
        until(lambda wanted=round_ * jobs: attempts(fabric) >= wanted, 0.5)
        sizes.append(disk(fabric))
    pace = jobs * ROUNDS / (time.monotonic() - began)
    bench.report("delayed_disk_growth", f"ratio of round {ROUNDS} to round {KEPT + 1}", [sizes[-1] / sizes[KEPT]],
                 bench.sync_us(), note=f"the last {KEPT} attempts of a job are kept; {pace:.0f} attempts/s; "
                 "MiB after each round: " + ", ".join(f"{s:.0f}" for s in sizes))
    bench.report("delayed_rss", "MiB", [rss(fabric)], bench.sync_us(), note=f"after {ROUNDS} rounds")
    fabric.stop_at_once()
