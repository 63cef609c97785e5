"""What a soak does: how often which fault, which jobs, and how they are submitted.

Spans are ((weight, least, most), …) or (least, most); "faults", "modes" and "acts" map a name to its weight.
"""

LEASE_S = 3  # The shortest that a config may ask for, so that leases end within a short soak.

# Everything, as it may happen to an operator. Jobs longer than the fast lane's budget of 1 s are demoted.
GENERAL = {
    "faults": {
        "kill_fabricd": 6, "kill_runner": 3, "kill_keeper": 3, "kill_all": 4, "kill_runner_and_keepers": 2,
        "kill_fabricd_and_runner": 2, "kill_host": 1, "kill_starting": 2, "kill_job": 1, "freeze_fabricd": 2,
        "freeze_runner": 1, "freeze_keeper": 1, "suspend_node": 1, "detach": 2, "drain": 1,
    },
    "pause_s": ((2, 0.0, 0.3), (5, 0.3, 3.0)),  # between faults: sometimes into the recovery from the last one
    "down_s": ((8, 0.0, 0.3), (1, LEASE_S + 0.5, LEASE_S + 2.5)),  # until fabricd is started again
    "freeze_s": ((3, 0.1, 1.0), (1, LEASE_S + 0.5, LEASE_S + 3.0)),
    "modes": {"ok": 50, "stubborn": 6, "background": 6, "stray": 3, "ghost": 3, "flaky": 12, "checkpoint": 6,
              "fail": 3, "crash": 3},
    "run_ms": ((85, 5, 250), (10, 900, 2500), (1, 3500, 5000)),
    "clients": 3,
    "rest_s": (0.1, 1.2),
    "acts": {"one": 40, "keyed": 40, "batch": 15, "keyed_batch": 10, "cancel": 8, "look": 15},
    "batch": (3, 12),
}

# For the mutations: each makes one fault likely and leaves out what would hide it.

# Many short jobs without a key, and kill -9 of fabricd amid them.
ACKNOWLEDGEMENTS = {
    **GENERAL,
    "faults": {"kill_fabricd": 1},
    "pause_s": ((1, 1.0, 2.5),),
    "down_s": ((1, 0.0, 0.2),),
    "modes": {"ok": 1},
    "run_ms": ((1, 5, 30),),
    "rest_s": (0.0, 0.1),
    "acts": {"one": 20, "batch": 2, "look": 1},
}

# A process of a job hangs beyond its lease: what its keeper reports when it is gone is of an old fence.
FENCES = {
    **GENERAL,
    "faults": {"leak": 1},
    "pause_s": ((1, 0.1, 0.5),),
    "modes": {"background": 1},
    "run_ms": ((1, 600, 950),),
    "rest_s": (0.4, 1.2),
    "acts": {"one": 30, "look": 1},
}

# Long jobs that are deaf to SIGTERM.
LEASES = {
    **GENERAL,
    "faults": {"kill_fabricd": 2, "freeze_fabricd": 1},
    "modes": {"stubborn": 3, "stray": 1, "background": 1},
    "run_ms": ((1, 1200, 3500),),
    "rest_s": (0.5, 1.5),
    "acts": {"one": 30, "look": 1},
}

# Hosts of a cell: what befalls them and the links between them; hosts_killer.py knows the faults.
HOSTS = {
    **GENERAL,
    "faults": {
        "kill_worker": 5, "kill_worker_with_runner": 3, "kill_runner": 2, "kill_scheduler": 4, "kill_all": 2,
        "power_off_worker": 3, "power_off_scheduler": 1, "detach_worker": 2, "drain_worker": 1, "suspend_worker": 2,
        "freeze_worker": 2, "partition": 4, "lose_one_way": 3, "flap": 2, "bad_link": 2, "broken_stream": 3,
    },
    "partition_s": ((3, 0.5, 2.0), (2, LEASE_S + 0.5, 3 * LEASE_S)),
    "suspend_s": ((1, 0.5, 2.0), (2, LEASE_S + 0.5, 3 * LEASE_S)),
    "down_s": ((4, 0.0, 0.5), (1, LEASE_S + 0.5, LEASE_S + 2.5)),
}

# For the mutations, over hosts: longer than a lease away, with jobs that run on meanwhile.
PARTITIONS = {
    **HOSTS,
    "faults": {"partition": 3, "freeze_worker": 1},
    "partition_s": ((1, LEASE_S + 1.0, 2 * LEASE_S),),
    "suspend_s": ((1, LEASE_S + 1.0, 2 * LEASE_S),),
    "modes": {"stubborn": 3, "stray": 1, "background": 1},
    "run_ms": ((1, 1200, 3500),),
    "rest_s": (0.2, 0.8),
    "acts": {"one": 30, "look": 1},
}

# A host that stands still while its jobs are about to end, and comes back with their results.
SUSPENDS = {
    **PARTITIONS,
    "faults": {"suspend_worker": 1},
    "modes": {"ok": 1},
    "run_ms": ((1, 300, 900),),
}

# As ACKNOWLEDGEMENTS: the scheduler is the one that acknowledges.
SCHEDULER_KILLS = {
    **HOSTS,
    "faults": {"kill_scheduler": 1},
    "pause_s": ((1, 1.0, 2.5),),
    "down_s": ((1, 0.0, 0.2),),
    "modes": {"ok": 1},
    "run_ms": ((1, 5, 30),),
    "rest_s": (0.0, 0.1),
    "acts": {"one": 20, "batch": 2, "look": 1},
}

HOSTS_PROFILES = {"hosts": HOSTS, "partitions": PARTITIONS, "suspends": SUSPENDS,
                  "scheduler_kills": SCHEDULER_KILLS}

PROFILES = {"general": GENERAL, "acknowledgements": ACKNOWLEDGEMENTS, "fences": FENCES, "leases": LEASES}

# The deliberate faults of libfabric/fabric/mutation.hpp, the profile that must find each, after how many kills, and
# what it must be found by (one of).
MUTATIONS = {
    "ack-before-commit": ("acknowledgements", 20, ("lost:", "changed:")),
    "no-fence-check": ("fences", 3, ("stale:",)),
    "requeue-before-lease-end": ("leases", 4, ("overlapping:", "outliving:")),
}

# The same over hosts; "strikes" instead of kills.
HOSTS_MUTATIONS = {
    "ack-before-commit": ("scheduler_kills", 12, ("lost:", "changed:")),
    "no-fence-check": ("suspends", 6, ("stale:",)),
    "requeue-before-lease-end": ("partitions", 4, ("overlapping:", "outliving:")),
}


def weighted(draw, weights):
    """A key of {key: weight}."""
    return draw.choices(list(weights), list(weights.values()))[0]


def in_range(draw, ranges):
    """A number from one of [(weight, least, most)]."""
    _, least, most = draw.choices(ranges, [r[0] for r in ranges])[0]
    return draw.uniform(least, most)
