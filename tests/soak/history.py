"""What the clients saw, as JSON lines: one file for all clients of a soak.

{"e": "invoke", "op", "client", "key", "mode"}   a submission is about to be sent; "op" is unique, and the job's label
{"e": "ok", "op", "id", "duplicate"}             it was acknowledged
{"e": "fail", "op", "error"}                     it was refused
{"e": "info", "op", "why"}                       nobody knows: no answer came
{"e": "cancel", "id", "done"}                    a cancel was asked for
{"e": "seen", "id", "state", "result"}           a final state was read
{"e": "strange", "words", "code", "text"}        the command line did what it should not
"""

import json
import threading
import time


class History:
    """Appends to the file; any thread. Each line is in the file before `write` returns."""

    def __init__(self, path):
        self._file = open(path, "a", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, event, **fields):
        with self._lock:
            self._file.write(json.dumps({"e": event, "wall_us": time.time_ns() // 1000, **fields}) + "\n")
            self._file.flush()

    def close(self):
        self._file.close()


def parse(line):
    """The object of a line. A kill may cut a writer's line short anywhere; the next writer's then follows on it."""
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return json.loads(line[line.rindex('{"e":'):])


def read_lines(path):
    """The objects of a file of JSON lines, without what a kill cut short."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield parse(line)
