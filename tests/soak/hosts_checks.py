"""What only a cell of several hosts can get wrong, for checker.py. Shares no code with the fabric.

The soak writes trials.jsonl, one line for each thing that it did to a host of whose jobs it knew what has to become of
them. Instants are nanoseconds of the machine's own CLOCK_BOOTTIME, "jobs" are ids:

{"trial": "fabricd_killed", "node", "at_ns", "jobs"}         fabricd alone died and came back while they ran there
{"trial": "host_gone", "node", "at_ns", "jobs", "back_ns", "lease_s"}   all of the host died while they ran there and
                                                             others had room; back_ns: when it was booted again, or null
{"trial": "scheduler_away", "from_ns", "to_ns", "jobs"}      nobody renewed their leases meanwhile
{"trial": "scheduler_restarted", "queued", "process_ns", "ready_ns", "first_ns"}   killed with that many jobs; when its
                                                             new process was made, when it was ready, when the first of
                                                             them ran, or null
"""

import collections

LEASE_OVER_S = 3.0  # From the end of a lost host's lease until the job runs again.
YOUNG_S = 20.0  # The same from the host's death, for attempts younger than their first lease of 15 s.
FIRST_DISPATCH_S = 2.0
OLD_S = 130.0  # Attempts older than this outlive 60 s without a scheduler.
BEAT_S = 0.5  # A job beats every 20 ms; on a busy machine it may be late.
NS = 1e9


def runs_of(run, job):
    """[(fence, span)] of a job, by fence."""
    return sorted((fence, span) for (of, fence), span in run.alive.items() if of == job)


def run_at(run, job, at_ns):
    """(fence, span) of the run that was alive then; None if there was none."""
    return next(((fence, span) for fence, span in runs_of(run, job)
                 if span["first"] <= at_ns <= span["last"] + BEAT_S * NS), None)


def lease_s(first_s, age_s, most_s=1200.0):
    """The lease of an attempt: doubled each time its age reaches the next length, at most 20 minutes."""
    length = first_s
    while length <= age_s and length < most_s:
        length = min(2 * length, most_s)
    return length


def check_places(run, verdicts):
    """A run is where its lease said, in one boot of one host."""
    if "hosts" not in run.about:
        return
    hosts_of_boots = run.about["boot_hosts"]
    for (job, fence), span in run.alive.items():
        attempt = next((a for a in run.jobs.get(job, {"attempts": []})["attempts"] if a["fence"] == fence), None)
        nodes = {node for node, _ in span["places"]}
        verdicts.check("misplaced: runs that were not where their lease was",
                       len(span["places"]) == 1 and (attempt is None or nodes == {attempt["node"]}),
                       lambda j=job, f=fence, s=span, a=attempt: f"job {j} fence {f}: {sorted(s['places'])}, leased to "
                       f"{a and a['node']}")
        verdicts.check("misplaced: runs on hosts that say to be another",
                       all(hosts_of_boots.get(boot) == node for node, boot in span["places"]),
                       f"job {job} fence {fence}: {sorted(span['places'])}")
        verdicts.check("repeated: runs that were started twice under one fence", len(span["starts"]) <= 1,
                       f"job {job} fence {fence}: pids {span['starts']}")


def check_trials(run, verdicts):
    for trial in run.trials:
        TRIALS[trial["trial"]](run, verdicts, trial)


def _fabricd_killed(run, verdicts, trial):
    for job in trial["jobs"]:
        at = run_at(run, job, trial["at_ns"])
        runs = runs_of(run, job)
        verdicts.check("re-adopted: runs that went on when fabricd died alone",
                       at is not None and runs[-1][0] == at[0] and at[1]["ended"] and len(at[1]["starts"]) == 1,
                       lambda j=job, r=runs: f"job {j}: fences {[f for f, _ in r]}, "
                       f"{[a['outcome'] for a in run.jobs[j]['attempts']] if j in run.jobs else 'gone'}")


def _host_gone(run, verdicts, trial):
    for job in trial["jobs"]:
        at = run_at(run, job, trial["at_ns"])
        later = [s for f, s in runs_of(run, job) if at and f > at[0]]
        if at is None or not later:
            verdicts.check("host gone: restarts elsewhere", False, f"job {job}: it did not run again")
            continue
        age_s = (trial["at_ns"] - at[1]["first"]) / NS
        took_s = (later[0]["first"] - trial["at_ns"]) / NS
        nodes = {node for node, _ in later[0]["places"]}
        came_back = trial["back_ns"] is not None and later[0]["first"] >= trial["back_ns"]
        verdicts.check("host gone: restarts elsewhere", came_back or trial["node"] not in nodes,
                       f"job {job} ran again on {sorted(nodes)}")
        first_s = trial["lease_s"]
        limit_s = lease_s(first_s, age_s) + LEASE_OVER_S
        run.delays["host gone: restart after, s"].append(took_s)
        verdicts.check("host gone: restart within the lease and 3 s", took_s <= limit_s,
                       f"job {job}, {age_s:.1f} s old, ran again after {took_s:.1f} s, at most {limit_s:.1f} s")
        if age_s < first_s:
            verdicts.check("host gone: restart of young attempts within 20 s", took_s <= YOUNG_S,
                           f"job {job}, {age_s:.1f} s old, ran again after {took_s:.1f} s")


def _scheduler_away(run, verdicts, trial):
    for job in trial["jobs"]:
        at = run_at(run, job, trial["from_ns"])
        if at is None or trial["from_ns"] - at[1]["first"] < OLD_S * NS:
            verdicts.check("scheduler away: old attempts that survive", False,
                           f"job {job} was not {OLD_S:.0f} s old: the trial proves nothing")
            continue
        verdicts.check("scheduler away: old attempts that survive",
                       at[1]["last"] >= trial["to_ns"] and runs_of(run, job)[-1][0] == at[0] and at[1]["ended"],
                       lambda j=job: f"job {j}: fences {[f for f, _ in runs_of(run, j)]}")


def _scheduler_restarted(run, verdicts, trial):
    first = trial["first_ns"]
    took_s = float("inf") if first is None else (first - trial["process_ns"]) / NS
    run.delays["scheduler restarted: first dispatch after, s"].append(took_s)
    verdicts.check("scheduler restarted: first dispatch within 2 s", took_s <= FIRST_DISPATCH_S,
                   f"{trial['queued']} queued: {took_s:.2f} s; it was ready after "
                   f"{(trial['ready_ns'] - trial['process_ns']) / NS:.2f} s")


def delay_figures(run):
    """{what: "n trials, median m, most x"}"""
    return {name: f"{len(d)} trials, median {sorted(d)[len(d) // 2]:.2f}, most {max(d):.2f}"
            for name, d in sorted(run.delays.items())}


def new_delays():
    return collections.defaultdict(list)


TRIALS = {"fabricd_killed": _fabricd_killed, "host_gone": _host_gone, "scheduler_away": _scheduler_away,
          "scheduler_restarted": _scheduler_restarted}
HOSTS_CHECKS = (check_places, check_trials)
