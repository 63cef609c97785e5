"""Compares what the fabric produced with what Python computes itself."""

import hashlib
import lzma
import os
import pathlib
import re

from workload import SAILORS

CHUNK = 1 << 20
TOTAL = re.compile(r"\s*\d+ total")


def direct_facts(path):
    """Returns the SHA-256 and the number of newlines of a file."""
    digest, lines = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            lines += chunk.count(b"\n")
    return digest.hexdigest(), str(lines)


def spoken_facts(kind, text):
    """Returns path: fact from the output of sha256sum or wc -l; paths may begin and end with spaces."""
    facts = {}
    for line in text.removesuffix("\n").split("\n"):
        if kind == "line-counts" and TOTAL.fullmatch(line):
            continue
        fact, space, path = line.lstrip(" ").partition(" ")
        if kind == "checksums":
            path = path[1:]  # sha256sum writes two characters between them
        if not space or not path:
            raise ValueError(f"not a line of {kind}: {line!r}")
        facts[path] = fact
    return facts


def same_content(part):
    """Whether PART.xz decompresses to PART."""
    with open(part, "rb") as plain, lzma.open(f"{part}.xz") as packed:
        while True:
            expected, found = plain.read(CHUNK), packed.read(CHUNK)
            if expected != found:
                return False
            if not expected:
                return True


class Check:
    """Collects what is wrong; counts what was right."""

    def __init__(self, spool):
        self.spool = pathlib.Path(spool)
        self.wrong = []
        self.right = {"checksums": 0, "line-counts": 0, "compress": 0}

    def judge(self, work, jobs):
        """`jobs` maps ids, in the order of work.jobs, to (state, attempt) of the store."""
        facts = {path: direct_facts(path) for group in work.groups for path in group}
        for (kind, given, about), (number, row) in zip(work.jobs, jobs.items(), strict=True):
            if row is None:
                self.wrong.append(f"job {number} ({kind}) is lost")
            elif kind == "sailor":
                self.judge_sailor(number, given, about, row[0])
            elif row[0] != "succeeded":
                self.wrong.append(f"job {number} ({kind}) is {row[0]}")
            elif kind == "compress":
                self.judge_part(number, about)
            else:
                self.judge_group(number, kind, row[1], {p: facts[p][kind == "line-counts"] for p in about})

    def judge_sailor(self, number, orders, expected, state):
        if state != expected:
            self.wrong.append(f"job {number} (sailor {orders['mode']}) is {state}, not {expected}")

    def judge_part(self, number, part):
        try:
            fault = None if same_content(part) else "decompresses to something else"
        except (OSError, EOFError, lzma.LZMAError) as e:
            fault = f"does not decompress: {e}"
        if fault:
            self.wrong.append(f"job {number}: {part}.xz {fault}")
        else:
            self.right["compress"] += 1

    def judge_group(self, number, kind, attempt, expected):
        paths = list(self.spool.glob(f"*/{number}.{attempt}/stdout"))
        if len(paths) != 1:
            self.wrong.append(f"job {number} ({kind}): its output is not in the spool")
            return
        try:
            found = spoken_facts(kind, os.fsdecode(paths[0].read_bytes()))
        except ValueError:
            found = {}
        for path, fact in expected.items():
            if found.get(path) != fact:
                self.wrong.append(f"job {number} ({kind}) says {found.get(path)} of {path}, not {fact}")
        if found.keys() - expected.keys():
            self.wrong.append(f"job {number} ({kind}) speaks of files it was not given")
        self.right[kind] += sum(found.get(path) == fact for path, fact in expected.items())

    def verdict(self, work):
        """The lines that say what was compared."""
        drunken, given = len(SAILORS), sum(map(len, work.groups))
        return [f"checksums      {self.right['checksums']} of {given} equal those computed directly",
                f"line counts    {self.right['line-counts']} of {given} equal those computed directly",
                f"compressions   {self.right['compress']} of {len(work.parts)} decompress to the same content",
                f"sailors        {drunken - sum('(sailor' in w for w in self.wrong)} of {drunken} ended as they must"]
