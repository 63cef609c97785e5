#!/usr/bin/env python3
"""Shows that the soak bites: each deliberate fault must make the checker fail, and the same soak without it must pass.

usage: mutations.py --job FABRIC_SOAK_JOB [--hosts] [--seed S] [--only NAME]

FABRIC_BIN: programs of the preset `mutations`. With --hosts in a cell of several hosts.

Exit codes: 0 every mutation was found, 1 one survived, 2 a soak could not be carried out or failed without a mutation.
"""

import argparse
import pathlib
import random
import re
import shutil
import subprocess
import sys

from profiles import HOSTS_MUTATIONS, MUTATIONS

HERE = pathlib.Path(__file__).resolve().parent


def run_soak(options, profile, kills, mutation):
    """Returns soak.py's exit code and all that it printed; what a found mutation leaves behind is removed."""
    how = ["hosts_soak.py", "--trials", "0", "--queued", "0", "--strikes"] if options.hosts else ["soak.py", "--kills"]
    argv = [sys.executable, str(HERE / how[0]), *how[1:], str(kills), "--job", options.job, "--profile", profile,
            "--seed", str(options.seed), "--mutation", mutation]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    left = re.search(r"are in (\S+);", done.stdout)
    if mutation and done.returncode == 1 and left:
        shutil.rmtree(left.group(1), ignore_errors=True)
    return done.returncode, done.stdout


def found_by(text):
    """The names of the checks that failed."""
    return [re.sub(r"\s+\d+\s+\d+\s+<--$", "", line).strip() for line in text.splitlines() if line.endswith("<--")]


def try_mutation(options, mutation):
    """Returns what is to be reported of one mutation, and whether all went as it should."""
    profile, kills, checks = (HOSTS_MUTATIONS if options.hosts else MUTATIONS)[mutation]
    code, text = run_soak(options, profile, kills, "")
    if code != 0:
        print(text)
        return "the soak fails without it", 2
    code, text = run_soak(options, profile, kills, mutation)
    if code == 1 and any(found.startswith(checks) for found in found_by(text)):
        return "found by: " + "; ".join(found_by(text)), 0
    print(text)
    return (f"SURVIVED {' and '.join(checks)}", 1) if code in (0, 1) else ("the soak could not be carried out", 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--job", required=True, help="the program fabric-soak-job")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--hosts", action="store_true", help="in a cell of several hosts")
    parser.add_argument("--only", choices=MUTATIONS, help="one mutation instead of all")
    options = parser.parse_args()
    verdicts = {name: try_mutation(options, name) for name in ([options.only] if options.only else MUTATIONS)}
    print(f"mutations, seed {options.seed}:")
    for name, (words, _) in verdicts.items():
        print(f"  {name:<26} {words}")
    killed = sum(code == 0 for _, code in verdicts.values())
    print(f"{killed} of {len(verdicts)} mutations found")
    return max(code for _, code in verdicts.values())


if __name__ == "__main__":
    sys.exit(main())
