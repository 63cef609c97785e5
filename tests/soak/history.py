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


def read_lines(path):
    """The objects of a file of JSON lines. A line cut off by a kill can only be the last; it is left out."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield json.loads(line)
