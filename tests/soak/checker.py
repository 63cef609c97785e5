#!/usr/bin/env python3
"""Judges a soak by what was written down. Shares no code with the fabric, and reads none of its files.

usage: checker.py DIRECTORY      prints a table; exits with 1 if a check failed, 2 if there is nothing to judge

It reads what the clients were told (clients.jsonl), what the jobs themselves wrote while they were alive (jobs.jsonl,
of several hosts one in each one's folder), what `fabric` showed of every job at the end (final.jsonl), and what the
soak noticed (about.json). It is a checker of a "total queue", as Jepsen calls it, made sharper by fences: everything
acknowledged comes out, and nothing else does. What only several hosts can get wrong is in hosts_checks.py.
"""

import collections
import datetime
import json
import pathlib
import sys

from history import read_lines
from hosts_checks import HOSTS_CHECKS, delay_figures, new_delays

FINAL = {"succeeded", "buried", "cancelled"}
CAPS = {"lost": 5, "demoted": 2, "memory": 1, "checkpointed": 1000}
CLOCK_TOLERANCE_US = 5000  # Two processes that read the wall clock, one of them by an offset.
THAW_US = 500_000  # Around the instant at which a suspended node runs again.
SHOWN = 5  # Examples per check.
NEVER_EMPTY = ("lost", "stale", "outliving")  # A check without cases proves nothing.


class Verdicts:
    """Named checks: how many cases were looked at, and which were wrong."""

    def __init__(self):
        self.trials = collections.Counter()
        self.wrong = collections.defaultdict(list)

    def check(self, name, holds, words):
        self.trials[name] += 1
        if not holds:
            self.wrong[name].append(words() if callable(words) else words)


def instant_us(text):
    """Microseconds since 1970 of an instant as `fabric --json` writes it."""
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.timestamp() * 1e6)


class Run:
    """The evidence, indexed."""

    def __init__(self, directory):
        directory = pathlib.Path(directory)
        self.about = json.loads((directory / "about.json").read_text())
        self.jobs = {job["id"]: job for job in read_lines(directory / "final.jsonl")}
        self.ops, self.told, self.seen, self.strange = {}, collections.defaultdict(list), [], []
        for line in read_lines(directory / "clients.jsonl"):
            self._take(line)
        self.alive = {}  # (job, fence) -> when it was first and last seen alive, and its attempt's number
        for host in self.about.get("hosts", [""]):
            for line in read_lines(directory / host / "jobs.jsonl"):
                self._live(line)

        trials = directory / "trials.jsonl"
        self.trials = list(read_lines(trials)) if trials.exists() else []
        self.delays = new_delays()  # What the checks of trials measured.

    def _take(self, line):
        kind = line["e"]
        if kind == "invoke":
            self.ops[line["op"]] = line
        elif kind in ("ok", "fail", "info"):
            self.told[line["op"]].append(line)
        elif kind == "seen":
            self.seen.append(line)
        elif kind == "strange":
            self.strange.append(line)

    def _live(self, line):
        # Each boot of a host has a clock of its own; about.json says how far they are ahead of the one they share.
        at = line["boot_ns"] - self.about.get("boots", {}).get(line.get("boot"), 0)
        span = self.alive.setdefault((line["job"], line["fence"]), {
            "first": at, "last": at, "last_us": line["wall_us"], "attempt": line["attempt"], "starts": [],
            "places": set(), "ended": False})
        span["first"] = min(span["first"], at)
        span["last"] = max(span["last"], at)
        span["last_us"] = max(span["last_us"], line["wall_us"])
        span["places"].add((line.get("node"), line.get("boot")))
        if line["e"] == "start":
            span["starts"].append(line["pid"])
        span["ended"] = span["ended"] or line["e"] == "end"

    def op_of(self, job):
        return job["labels"].get("op")


def check_submissions(run, verdicts):
    """Lost, unexpected and duplicated jobs, from the clients' side."""
    jobs_of = collections.defaultdict(set)
    for job in run.jobs.values():
        jobs_of[run.op_of(job)].add(job["id"])
    for op in run.ops:
        oks = [a for a in run.told[op] if a["e"] == "ok"]
        for answer in oks:
            job = run.jobs.get(answer["id"])
            verdicts.check("lost: acknowledged jobs that are gone", job is not None and run.op_of(job) == op,
                           lambda a=answer, j=job: f"{op} was told id {a['id']}, "
                           + ("which nobody knows" if j is None else f"which is {run.op_of(j)}"))
        ids = {a["id"] for a in oks} | jobs_of[op]
        verdicts.check("duplicated: second jobs of one submission", len(ids) <= 1, f"{op} became jobs {sorted(ids)}")
        refused = bool(run.told[op]) and all(a["e"] == "fail" for a in run.told[op])
        verdicts.check("unexpected: jobs that were refused", not (refused and jobs_of[op]),
                       f"{op} was refused and is job {sorted(jobs_of[op])}")
    for op, ids in jobs_of.items():
        verdicts.check("unexpected: jobs that nobody submitted", op in run.ops, f"jobs {sorted(ids)} of {op}")


def check_ends(run, verdicts):
    """Every job has ended as it may, and what was shown once has not changed."""
    for job in run.jobs.values():
        name = f"job {job['id']}"
        outcomes = [a["outcome"] for a in job["attempts"]]
        verdicts.check("unfinished: jobs that did not end", job["state"] in FINAL, f"{name} is {job['state']}")
        verdicts.check("unfinished: attempts that did not end", None not in outcomes, f"{name}: {outcomes}")
        wins = outcomes.count("succeeded")
        right = wins == 1 and outcomes[-1] == "succeeded" if job["state"] == "succeeded" else wins == 0
        verdicts.check("states that contradict their attempts", right, f"{name} is {job['state']}: {outcomes}")
        check_caps(job, outcomes, verdicts)
    for look in run.seen:
        job = run.jobs.get(look["id"])
        same = job is not None and (job["state"], job["result"]) == (look["state"], look["result"])
        verdicts.check("changed: final states once shown", same,
                       lambda lk=look, j=job: f"job {lk['id']} was {lk['state']} {lk['result']}, is "
                       + (f"{j['state']} {j['result']}" if j else "gone"))


def check_caps(job, outcomes, verdicts):
    counts, caps = job["counts"], {**CAPS, "failures": job["max_attempts"]}
    for name, cap in caps.items():
        verdicts.check("counters beyond their caps", counts[name] <= cap, f"job {job['id']}: {name} {counts[name]}")
    failures = sum(o in ("failed", "crashed", "timed_out") for o in outcomes)
    verdicts.check("counters beyond their caps", failures <= job["max_attempts"] and outcomes.count("demoted") <= 2,
                   f"job {job['id']}: {outcomes}")


def check_fences(run, verdicts):
    """Numbers of leases are given once and grow; a result is that of the attempt that succeeded."""
    holders = collections.defaultdict(list)
    for job in run.jobs.values():
        fences = [a["fence"] for a in job["attempts"]]
        for fence in fences:
            holders[fence].append(job["id"])
        verdicts.check("fences that do not grow", fences == sorted(set(fences)), f"job {job['id']}: {fences}")
        if job["state"] == "succeeded":
            check_result(run, job, verdicts)
    for fence, ids in holders.items():
        verdicts.check("fences given twice", len(ids) == 1, f"fence {fence}: jobs {ids}")


def check_result(run, job, verdicts):
    won = [a for a in job["attempts"] if a["outcome"] == "succeeded"]
    result = job["result"] if isinstance(job["result"], dict) else {}
    fresh = bool(won) and (result.get("job"), result.get("fence")) == (job["id"], won[-1]["fence"])
    verdicts.check("stale: results of another attempt", fresh,
                   lambda: f"job {job['id']} keeps {job['result']}; attempts "
                   f"{[(a['number'], a['fence'], a['outcome']) for a in job['attempts']]}")
    read = job["read_result"].get("result")
    verdicts.check("results that two commands show differently", read == job["result"], f"job {job['id']}: {read}")
    verdicts.check("results of attempts that never ran", (job["id"], result.get("fence")) in run.alive,
                   f"job {job['id']}: {job['result']}")


def check_runs(run, verdicts):
    """What the jobs' own traces say: no two attempts of a job alive at once, none alive after its end."""
    spans = collections.defaultdict(list)
    for (job, fence), span in run.alive.items():
        spans[job].append((fence, span))
    for job, found in spans.items():
        found.sort(key=lambda item: item[0])
        for (old, a), (new, b) in zip(found, found[1:]):
            verdicts.check("overlapping: attempts alive with the next", a["last"] < b["first"] or thawed(run, a),
                           f"job {job}: fence {old} was alive {(a['last'] - b['first']) / 1e6:.1f} ms after "
                           f"the start of fence {new}")
        known = {a["fence"]: a for a in run.jobs.get(job, {"attempts": []})["attempts"]}
        # Of a job's attempts the store keeps the last ones only.
        oldest = min(known.values(), key=lambda a: a["number"], default={"number": 1, "fence": 0})
        for fence, span in found:
            if span["attempt"] < oldest["number"] and fence < oldest["fence"]:
                continue
            attempt = known.get(fence)
            verdicts.check("unexpected: runs that no attempt tells of",
                           attempt is not None and attempt["number"] == span["attempt"],
                           f"job {job} ran under fence {fence}")
            if attempt and attempt["ended_at"]:
                ended = instant_us(attempt["ended_at"])
                late = span["last_us"] - ended
                # Leases end while a node is suspended; then nobody can end what they were for before it runs again.
                forgiven = any(abs(ended - thaw) < THAW_US and span["last_us"] - thaw < THAW_US
                               for thaw in run.about["thaws"]) or thawed(run, span)
                verdicts.check("outliving: processes alive after the attempt's end",
                               late <= CLOCK_TOLERANCE_US or forgiven,
                               f"job {job} fence {fence} ({attempt['outcome']}): {late / 1e3:.1f} ms")


def thawed(run, span):
    """Whether the run was last seen alive just after its host was resumed: nothing on it could end it before."""
    hosts = {node for node, _ in span["places"]}
    return any(host in hosts and 0 <= span["last_us"] - thaw < THAW_US
               for host, thaw in run.about.get("resumed", []))


def check_lines(run, verdicts):
    """Of the jobs of an ordering key none begins before all traces of the earlier ones have ended. Nobody kicks here."""
    lines = collections.defaultdict(list)
    for job in run.jobs.values():
        if job.get("key"):
            lines[job["key"]].append(job["id"])
    spans = collections.defaultdict(list)
    for (job, _), span in run.alive.items():
        spans[job].append(span)
    for key, ids in lines.items():
        ran = [(job, spans[job]) for job in sorted(ids) if spans[job]]
        for (old, a), (new, b) in zip(ran, ran[1:]):
            late = max(s["last"] for s in a) - min(s["first"] for s in b)
            verdicts.check("out of order: jobs of one key", late < 0,
                           f"{key}: job {old} was alive {late / 1e6:.1f} ms after the start of job {new}")


def check_surroundings(run, verdicts):
    about = run.about
    verdicts.check("unfinished: jobs that did not end", not about["unfinished"], f"jobs {about['unfinished'][:20]}")
    verdicts.check("orphans: processes left when no job runs", not about["orphans"], f"pids {about['orphans']}")
    verdicts.check("exits of fabricd that nobody caused", not about["deaths"], f"{about['deaths']}")
    verdicts.check("answers of fabric that make no sense", not run.strange, lambda: f"{run.strange[:3]}")
    for finding in about["findings"]:
        verdicts.check("other findings", False, finding)


def figures(run):
    """What the run consisted of."""
    outcomes = collections.Counter(a["outcome"] for job in run.jobs.values() for a in job["attempts"])
    states = collections.Counter(job["state"] for job in run.jobs.values())
    fates = collections.Counter(fate_of(run.told[op]) for op in run.ops)
    return {
        "seed": run.about["seed"], "profile": run.about["profile"], "mutation": run.about["mutation"] or "none",
        "seconds": run.about["seconds"], "kills": run.about["kills"],
        "faults": spelled(run.about["faults"]),
        "submissions": f"{len(run.ops)} {spelled(fates)}",
        "jobs": f"{len(run.jobs)} {spelled(states)}",
        "attempts": f"{sum(outcomes.values())} {spelled(outcomes)}",
        "runs seen": len(run.alive), "final states read in between": len(run.seen), **delay_figures(run),
    }


def fate_of(answers):
    kinds = {a["e"] for a in answers}
    return "acknowledged" if "ok" in kinds else "refused" if kinds == {"fail"} else "never answered"


def spelled(counter):
    return "(" + ", ".join(f"{count} {name}" for name, count in sorted(counter.items(), key=lambda c: -c[1])) + ")"


def report(run, verdicts):
    for name, value in figures(run).items():
        print(f"  {name:<44} {value}")
    print(f"  {'check':<58} {'trials':>8} {'wrong':>6}")
    for name in sorted(verdicts.trials):
        wrong = verdicts.wrong[name]
        print(f"  {name:<58} {verdicts.trials[name]:>8} {len(wrong):>6}{'   <--' if wrong else ''}")
        for words in wrong[:SHOWN]:
            print(f"      {words}")


def main(directory):
    try:
        run = Run(directory)
    except (OSError, ValueError, KeyError) as e:
        print(f"checker: {directory} cannot be read: {e}", file=sys.stderr)
        return 2
    verdicts = Verdicts()
    for check in (check_submissions, check_ends, check_fences, check_runs, check_lines, check_surroundings, *HOSTS_CHECKS):
        check(run, verdicts)
    # Without faults of the jobs themselves, few profiles run a job twice.
    for name in NEVER_EMPTY + (("overlapping",) if run.about["profile"] in ("general", "hosts") else ()):
        verdicts.check("other findings", any(n.startswith(name) for n in verdicts.trials), f"no case of {name}")
    report(run, verdicts)
    failed = any(verdicts.wrong.values())
    print("FAIL" if failed else "PASS")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
