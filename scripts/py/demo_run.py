"""The demo: a fabric on this host runs its main job on real files. scripts/demo starts it; usage is there."""

import argparse
import pathlib
import shlex
import shutil
import signal
import sys
import tempfile
import time

from demo_check import Check
from demo_show import LiveView, summary
from local_fabric import BIN, POLL_S, ROOT, FabricError, LocalFabric, ended
from workload import CLASSES, PART_S, SAILORS, TreeError, Workload, find_files

SETTINGS = {"/lanes/0/budget": "1s", "/lanes/0/grace": "1s", "/lanes/1/grace": "1s",
            **{f"/classes/{name}": options for name, options in CLASSES.items()}}
STUCK_S = 60  # no job has ended for so long: the fabric hangs


def parse(words):
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Runs the fabric's main job on real files.")
    parser.add_argument("directory", nargs="?", default="/usr/include", metavar="DIRECTORY")
    parser.add_argument("--policy", choices=("fast-first", "slow-first"), default="fast-first")
    parser.add_argument("--keep", action="store_true", help="leave the data directory behind")
    return parser.parse_args(words)


def say(text=""):
    print(text, flush=True)


def in_bytes(size):
    if size < 1000:
        return f"{size:.0f} bytes"
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def wait_for_all(fabric, total):
    """Shows the lanes until all jobs have ended."""
    view, before, changed = LiveView(total), -1, time.monotonic()
    while True:
        lanes = fabric.lanes()
        done = ended(lanes)
        view.show(lanes, done, last=done == total)
        if done == total:
            return
        if done != before:
            before, changed = done, time.monotonic()
        if time.monotonic() - changed > STUCK_S:
            raise FabricError(f"no job has ended for {STUCK_S} s, {total - done} are left; the log says:\n"
                              f"{fabric.log_tail()}")
        time.sleep(POLL_S * 5)


def prepare(options, directory):
    """Looks at the tree and lays down the work."""
    say(f"looking at the files below {options.directory} and at how fast xz is on them …")
    files, more = find_files(options.directory)
    size = sum(s for _, s in files)
    work = Workload(files, directory / "work")
    work.plan()
    part = max(p.stat().st_size for p in work.parts)
    seconds = part / work.speed
    say(f"{len(files)} files, {in_bytes(size)}" + (" (not all: that is enough)" if more else ""))
    say(f"xz -9e does {in_bytes(work.speed)}/s here, so each of {len(work.parts)} parts of {in_bytes(part)} takes "
        f"about {seconds:.1f} s" + ("; the tree is too small for long ones" if seconds < PART_S / 2 else ""))
    return work


def run(options, directory, fabric):
    """Runs everything; returns whether all is well."""
    work = prepare(options, directory)
    say(fabric.start())
    ids = fabric.submit_file(work.write_submissions())
    say(f"submitted {len(ids)} jobs: {len(work.groups)} groups of files, each a checksum and a line count; "
        f"{len(work.parts)} compressions; {len(SAILORS)} drunken sailors, which misbehave")
    wait_for_all(fabric, len(work.jobs))
    ends = fabric.sql("SELECT id, state, attempt FROM jobs_view")
    rows = {number: (state, attempt) for number, state, attempt in ends}
    say("\nchecking the results against ones computed here …")
    check = Check(fabric.data / "spool")
    check.judge(work, {number: rows.get(number) for number in ids})
    say()
    for line in summary(fabric) + check.verdict(work):
        say(line)
    say(f"fabricd says   {fabric.drain()}")
    left = fabric.kill_leftovers()
    if left:
        check.wrong.append(f"{left} processes were left behind")
    for line in check.wrong[:20]:
        say(f"WRONG: {line}")
    if len(check.wrong) > 20:
        say(f"… and {len(check.wrong) - 20} more")
    return not check.wrong


def keep(fabric, directory):
    """Says where everything is and how to look at it."""
    starter = directory / "start"
    starter.write_text("#!/bin/sh\n# Starts the demo's fabric on its data again; Ctrl-C ends it.\n"
                       f"exec {shlex.join(fabric.command())}\n")
    starter.chmod(0o755)
    say(f"""
kept in {directory}
  data/store.db   jobs, attempts, events: sqlite3 -readonly {fabric.data}/store.db 'SELECT * FROM jobs_view'
  data/spool      what each attempt wrote: */JOB.ATTEMPT/stdout
  fabricd.log     the log of fabricd
  work            lists of files, compressed parts
start it again:   {starter}
and look at it:   export FABRIC_NODE={fabric.address} FABRIC_TLS={fabric.tls} PATH="{BIN}:$PATH"
                  fabric list --limit 10; fabric show 1; fabric logs 2; fabric events""")


def interrupt(*_):
    raise KeyboardInterrupt


def main(words):
    options = parse(words)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    started = time.monotonic()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="fabric-demo-"))
    fabric = LocalFabric(directory, ROOT / "config" / f"{options.policy}.json", SETTINGS)
    code = 1
    try:
        code = 0 if run(options, directory, fabric) else 1
        say(f"results        {fabric.data}/{{store.db,spool}}" +
            ("" if code or options.keep else "; removed now, unless --keep is given"))
        say(f"{'all is well' if code == 0 else 'FAILED'}; {time.monotonic() - started:.0f} s")
    except KeyboardInterrupt:
        code = 130
        print("\ninterrupted; stopping the fabric", file=sys.stderr)
    except TreeError as e:
        code = 2
        print(f"scripts/demo: {e}", file=sys.stderr)
    except (FabricError, OSError) as e:
        print(f"scripts/demo: {e}", file=sys.stderr)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the rest takes some seconds at most
        fabric.stop_at_once()
        if (options.keep or code) and fabric.process:
            keep(fabric, directory)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
