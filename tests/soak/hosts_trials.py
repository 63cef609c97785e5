"""What a soak of several hosts does to jobs that it watches, one thing at a time; hosts_checks.py says what has to
become of them, and how trials.jsonl tells of it."""

import json
import time

from harness import eventually
from history import parse
from hosts_checks import OLD_S
from hosts_killer import start

AWAY_S = 60
STARTED_S = 60
ENDED_S = 300


def now_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Trials:
    """Only the cell's own thread may use it. `client` is the scheduler as a client sees it."""

    def __init__(self, cell, scheduler, workers, client, history, lease_s):
        self._cell, self._scheduler, self._workers, self._client = cell, scheduler, workers, client
        self._history, self._lease_s = history, lease_s
        self._file = cell.directory / "trials.jsonl"
        self._count = 0

    def fabricd_killed(self, name, seconds=4):
        """fabricd of one worker dies alone, while the worker's slots are full."""
        jobs = self._fill(seconds)
        node = self._workers[name]
        mine = self._on(jobs, name)
        at = now_ns()
        node.kill()
        start(node)
        self._note(trial="fabricd_killed", node=name, at_ns=at, jobs=mine)
        self._wait(jobs)

    def host_gone(self, name, age_s=2, seconds=4):
        """A host loses its power for longer than its jobs' leases last."""
        jobs = self._fill(seconds + age_s, most=4)
        mine = self._on(jobs, name)
        time.sleep(age_s)
        at = now_ns()
        node = self._workers[name]
        node.power_off()
        limit = 3 * self._lease_s + STARTED_S
        eventually(lambda: all(self._again(job, name) for job in mine), f"jobs {mine} run elsewhere", limit)
        node.host.boot()
        back = now_ns()
        start(node)
        self._note(trial="host_gone", node=name, at_ns=at, jobs=mine, back_ns=back, lease_s=self._lease_s)
        self._wait(jobs)

    def scheduler_away(self):
        """Old attempts, and nobody to renew their leases for a minute."""
        jobs = self._fill(OLD_S + AWAY_S + 40, most=3)
        time.sleep(OLD_S + 2)
        from_ns = now_ns()
        self._scheduler.kill()
        time.sleep(AWAY_S)
        to_ns = now_ns()
        start(self._scheduler)
        self._note(trial="scheduler_away", from_ns=from_ns, to_ns=to_ns, jobs=jobs)
        self._wait(jobs)

    def scheduler_restarted(self, queued):
        """kill -9 with that many jobs in the lanes; the first that runs of those that were leased since, by what it writes
        itself."""
        spec = json.dumps({"class": "filler", "input": {"mode": "ok", "ms": 20}}) + "\n"
        self._client.good("submit", "--file", "-", stdin=(spec * queued).encode())
        self._scheduler.kill()
        mark = self._scheduler.sql("SELECT max(fence) FROM attempts")[0][0]
        process = now_ns()
        start(self._scheduler)
        ready = now_ns()
        first = eventually(lambda: self._first_filler(mark), "a filler runs", STARTED_S)
        self._note(trial="scheduler_restarted", queued=queued, process_ns=process, ready_ns=ready, first_ns=first)
        self._client.good("cancel", "--class", "filler")

    # -- means --------------------------------------------------------------------------------------------------------

    def _fill(self, seconds, most=6):
        """Submits jobs that run for so long, straight into the lane without a budget; returns when all run."""
        jobs = []
        for _ in range(most):
            self._count += 1
            op = f"trial-{self._count}"
            self._history.write("invoke", op=op, client="trials", mode="ok", key=None)
            job_input = {"mode": "ok", "ms": int(seconds * 1000)}
            job = self._client.submit("soak", job_input, "--lane", "slow", "--label", f"op={op}")
            self._history.write("ok", op=op, id=job, duplicate=False)
            jobs.append(job)
        eventually(lambda: all(self._alive(job) for job in jobs), f"jobs {jobs} run", STARTED_S)
        return jobs

    def _alive(self, job):
        return any(node.job_processes(job) for node in self._workers.values())

    def _on(self, jobs, name):
        return [job for job in jobs if self._workers[name].job_processes(job)]

    def _again(self, job, lost):
        return any(node.job_processes(job) for name, node in self._workers.items() if name != lost)

    def _wait(self, jobs):
        ended = ("succeeded", "buried", "cancelled")
        eventually(lambda: all(self._client.show(job)["state"] in ended for job in jobs), f"jobs {jobs} end", ENDED_S)

    def _first_filler(self, mark):
        firsts = []
        for host in self._cell:
            file = self._cell.directory / host.name / "filler.jsonl"
            offset = {boot: ahead_s * 1_000_000_000 for boot, ahead_s in host.boots}
            lines = [parse(line + "\n") for line in file.read_text().splitlines()] if file.exists() else []
            firsts += [line["boot_ns"] - offset[line["boot"]] for line in lines
                       if line["e"] == "start" and line["fence"] > mark]
        return min(firsts, default=None)

    def _note(self, **trial):
        with open(self._file, "a", encoding="utf-8") as out:
            out.write(json.dumps(trial) + "\n")
