"""The configurations of a cell that is soaked: a scheduler that runs nothing itself, and workers that join it."""

SCHEDULER, WORKERS, CLIENT = "scheduler", ("w1", "w2", "w3"), "client"
SLOTS = {"fast": 3, "slow": 2}
HOME = {"lanes": "here"}


def _job_class(directory, job, host, history, **options):
    """A class of fabric-soak-job, as it is in the file of this host."""
    return {"command": [str(job), "{input.mode}", "{input.ms}"], "max_attempts": 3,
            "env": {"SOAK_HISTORY": str(directory / host / history), "SOAK_MARK": str(directory)},
            "backoff": {"base": "50ms", "max": "500ms"}, **options}


def config_of(cell, host, job, lease_s, lanes_away):
    """`lanes_away`: the fast lane lives on a worker, and moves when that is lost."""
    common = {
        "node": {"name": host.name, "allow_root": True, "memory_low": "1MiB", "drain_timeout": "5s"},
        "classes": {"soak": _job_class(cell.directory, job, host.name, "jobs.jsonl"),
                    "filler": _job_class(cell.directory, job, host.name, "filler.jsonl")},
        "lease": {"first": f"{lease_s}s"},
        "log": {"format": "json"},
    }
    if host.name != SCHEDULER:
        return {**common, "node": {**common["node"], "workers": SLOTS, "labels": HOME}}
    return {
        **common,
        "node": {**common["node"], "listen": f"{host.address}:7600", "workers": {"fast": 0, "slow": 0}},
        "store": {"disk_low": "1MiB", "reserve": "64KiB"},
        "lanes": [{"name": "fast", "slots": SLOTS["fast"], "budget": "1s", "grace": "400ms",
                   "place": HOME if lanes_away else "scheduler"},
                  {"name": "slow", "slots": SLOTS["slow"], "grace": "400ms"}],
        "routing": {"policy": "fast-first"},
    }
