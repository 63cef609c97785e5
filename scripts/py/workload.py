"""The demo's main job: what is submitted for a tree of real files, and what must come out of it."""

import json
import os
import pathlib
import subprocess
import time

from local_fabric import BIN

GROUPS = 120
FILES_MAX = 20_000
BYTES_MAX = 400 << 20
PARTS = 3
PART_S = 6.0  # what a compression should take on this machine
SAMPLE_BYTES = 3 << 20  # less flatters xz: it gets slower as its window fills
MIB = 1 << 20

# xargs reads the list of a group, so that no shell is needed. A sailor reads its orders from stdin, which is the input.
CLASSES = {
    "checksums": {"command": ["/usr/bin/xargs", "-a", "{input.list}", "-d", "\\n", "/usr/bin/sha256sum", "--"],
                  "env": {"LC_ALL": "C"}},
    "line-counts": {"command": ["/usr/bin/xargs", "-a", "{input.list}", "-d", "\\n", "/usr/bin/wc", "-l", "--"],
                    "env": {"LC_ALL": "C"}},
    "sailor": {"command": [str(BIN / "fabric-sailor")], "max_attempts": 1, "backoff": {"base": "200ms", "jitter": 0},
               "limits": {"wall": "2s", "output": "64KiB"}},
}

# Orders and the state the job must end in. Those that never end by themselves are ended by the class's wall limit.
SAILORS = [
    ({"mode": "ok"}, "succeeded"),
    ({"mode": "exit", "code": 3}, "buried"),
    ({"mode": "crash", "signal": 11}, "buried"),
    ({"mode": "flood", "limit": 8 * MIB}, "succeeded"),
    ({"mode": "half-result"}, "buried"),  # a result that is no JSON is a failure
    ({"mode": "stray"}, "succeeded"),
    ({"mode": "background"}, "succeeded"),
    ({"mode": "hog", "limit": 32 * MIB, "seconds": 0.1}, "succeeded"),
    ({"mode": "spin", "seconds": 1.5}, "succeeded"),
    ({"mode": "ignore-term"}, "buried"),
    ({"mode": "sleep"}, "buried"),
]


class TreeError(Exception):
    """The directory cannot be worked on; the text says why."""


def find_files(directory):
    """Readable regular files below the directory as (path, size), in order, within FILES_MAX and BYTES_MAX; and
    whether there are more."""
    root = pathlib.Path(directory).resolve()
    if not root.exists():
        raise TreeError(f"{directory} does not exist")
    if not root.is_dir():
        raise TreeError(f"{directory} is not a directory")
    if not os.access(root, os.R_OK | os.X_OK):
        raise TreeError(f"{directory} cannot be read")
    found, total = [], 0
    for folder, below, names in os.walk(root):
        below.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not is_usable(path):
                continue
            size = os.path.getsize(path)
            if len(found) == FILES_MAX or total + size > BYTES_MAX:
                return nonempty(found, directory), True
            found.append((path, size))
            total += size
    return nonempty(found, directory), False


def is_usable(path):
    """A readable regular file whose name is UTF-8 text on one line (sha256sum escapes others)."""
    plain = path.isprintable() and "\\" not in path
    return plain and os.path.isfile(path) and not os.path.islink(path) and os.access(path, os.R_OK)


def nonempty(found, directory):
    if not any(size for _, size in found):
        raise TreeError(f"{directory} holds no readable file with anything in it")
    return found


class Workload:
    """Jobs as submitted and what is expected of each; lists and parts lie in `directory`."""

    def __init__(self, files, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.groups = make_groups([path for path, _ in files])
        self.jobs = []  # submissions, each with "kind" and "about" beside it
        self.parts = self.make_parts(files)

    def make_parts(self, files):
        """Concatenates files into PARTS pieces of the size that takes xz about PART_S here; returns their paths."""
        sample = self.directory / "sample"
        write_piece(sample, files[len(files) // 2:] + files[:len(files) // 2], SAMPLE_BYTES)
        started = time.monotonic()
        subprocess.run(["/usr/bin/xz", "-9e", "--threads=1", "--keep", "--stdout", str(sample)], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
        self.speed = sample.stat().st_size / max(time.monotonic() - started, 0.001)
        sample.unlink()
        size = max(min(int(self.speed * PART_S), sum(s for _, s in files) // PARTS), 1)
        rest, paths = iter(files), []
        for number in range(1, PARTS + 1):
            paths.append(self.directory / f"part-{number}")
            if write_piece(paths[-1], rest, size) == 0:
                paths.pop().unlink()
        return paths

    def plan(self):
        """Lays down the submissions: the long and the drunken ones stand scattered among the short."""
        short = [(kind, {"list": str(self.write_list(n, group))}, group)
                 for n, group in enumerate(self.groups, 1) for kind in ("checksums", "line-counts")]
        long = [("compress", {"path": str(part)}, part) for part in self.parts]
        drunken = [("sailor", orders, state) for orders, state in SAILORS]
        others = long + drunken
        stride = max(len(short) // (len(others) + 1), 1)
        for at, other in enumerate(others):
            short.insert(min(at * (stride + 1), len(short)), other)
        self.jobs = short

    def write_list(self, number, group):
        path = self.directory / f"group-{number:03}"
        path.write_text("".join(f"{name}\n" for name in group))
        return path

    def write_submissions(self):
        """Returns the file for `fabric submit --file`."""
        path = self.directory / "jobs.ndjson"
        path.write_text("".join(json.dumps({"class": kind, "input": given}) + "\n" for kind, given, _ in self.jobs))
        return path


def make_groups(paths):
    """Splits the paths into at most GROUPS neighbourhoods of about one size."""
    count = min(GROUPS, len(paths))
    return [paths[len(paths) * n // count:len(paths) * (n + 1) // count] for n in range(count)]


def write_piece(path, files, size):
    """Writes files one after the other until there are `size` bytes; returns how many there are."""
    written = 0
    with open(path, "wb") as out:
        for name, _ in files:
            with open(name, "rb") as file:
                written += out.write(file.read(size - written))
            if written >= size:
                break
    return written
