"""The clients of a soak: threads that submit, cancel and look through `fabric`, and write down what they were told."""

import json
import random
import signal
import subprocess
import threading
import time

from profiles import in_range, weighted

ANSWER_S = 90  # A `fabric` that says nothing for this long is given up on.
REPEAT_S = 120  # A submission with a key is repeated for this long.
MURDER_RATE = 0.03  # Of the clients that are killed in mid-submit.


class Client(threading.Thread):
    """One client. `stop()` makes it finish what it is doing."""

    def __init__(self, number, node, history, profile, seed):
        super().__init__(name=f"client-{number}")
        self._number, self._node, self._history, self._profile = number, node, history, profile
        self._draw = random.Random(f"{seed}/client/{number}")
        self._stopped = threading.Event()
        self._count = 0
        self._ids = []
        self.failure = None

    def stop(self):
        self._stopped.set()

    def run(self):
        acts = {"one": self._one, "keyed": self._keyed, "batch": self._batch, "keyed_batch": self._keyed_batch,
                "cancel": self._cancel, "look": self._look}
        try:
            while not self._stopped.is_set():
                acts[weighted(self._draw, self._profile["acts"])]()
                self._stopped.wait(self._draw.uniform(*self._profile["rest_s"]))
        except Exception as e:  # noqa: BLE001 - told to the main thread, which fails the soak
            self.failure = f"{type(e).__name__}: {e}"

    # -- submissions --------------------------------------------------------------------------------------------------

    def _one(self):
        spec = self._spec()
        self._submit([spec], self._argv(spec), None)

    def _keyed(self):
        spec = self._spec(key=True)
        end = time.monotonic() + REPEAT_S
        while not self._submit([spec], self._argv(spec), None) and time.monotonic() < end:
            time.sleep(0.1)
        if self._draw.random() < 0.2:  # The key again: the same job.
            self._submit([spec], self._argv(spec), None)

    def _batch(self, key=False):
        specs = [self._spec(key) for _ in range(self._draw.randint(*self._profile["batch"]))]
        self._submit(specs, ["submit", "--file", "-"], "".join(json.dumps(s) + "\n" for s in specs))

    def _keyed_batch(self):
        self._batch(key=True)

    def _spec(self, key=False):
        self._count += 1
        op = f"c{self._number}-{self._count}"
        mode = weighted(self._draw, self._profile["modes"])
        run_ms = int(in_range(self._draw, self._profile["run_ms"]))
        spec = {"class": "soak", "input": {"mode": mode, "ms": run_ms}, "labels": {"op": op},
                "priority": self._draw.choice([0, 1024, 1024, 1024, 5000])}
        if key:
            spec["idempotency_key"] = f"key-{op}"
        if self._draw.random() < 0.2:
            spec["key"] = f"line-{self._number}-{self._draw.randint(0, 5)}"
        if self._draw.random() < 0.1:
            spec["delay"] = f"{self._draw.randint(50, 1500)}ms"
        return spec

    @staticmethod
    def _argv(spec):
        argv = ["submit", spec["class"], "--input", json.dumps(spec["input"]), "--label", f"op={spec['labels']['op']}",
                "--priority", spec["priority"]]
        argv += ["--delay", spec["delay"]] if "delay" in spec else []
        argv += ["--ordering-key", spec["key"]] if "key" in spec else []
        return argv + (["--idempotency-key", spec["idempotency_key"]] if "idempotency_key" in spec else [])

    def _submit(self, specs, words, text):
        """Sends the specs and writes down each one's fate. Returns whether all were answered."""
        for spec in specs:
            self._history.write("invoke", op=spec["labels"]["op"], client=self._number, mode=spec["input"]["mode"],
                                key=spec.get("idempotency_key"))
        code, lines = self._fabric(words, text, murder=self._draw.random() < MURDER_RATE)
        answers = {line.get("line", 1): line for line in lines}
        for number, spec in enumerate(specs, 1):
            self._note(spec["labels"]["op"], answers.get(number), code)
        return code in (0, 5) and len(answers) == len(specs)

    def _note(self, op, answer, code):
        if answer and "id" in answer:
            self._history.write("ok", op=op, id=answer["id"], duplicate=answer["duplicate"])
            self._ids.append(answer["id"])
        elif answer and "error" in answer and answer["error"]["code"] != "unavailable":
            self._history.write("fail", op=op, error=answer["error"])
        else:
            self._history.write("info", op=op, why=f"exit code {code}")

    # -- the rest -----------------------------------------------------------------------------------------------------

    def _cancel(self):
        if not self._ids:
            return
        job = self._draw.choice(self._ids[-5:])
        _, lines = self._fabric(["cancel", job])
        self._history.write("cancel", id=job, done=bool(lines) and lines[0].get("ok", False))

    def _look(self):
        """Reads a result: a final state that was shown once may not change."""
        if not self._ids:
            return
        job = self._draw.choice(self._ids)
        code, lines = self._fabric(["result", job])
        if lines and "state" in lines[0]:
            self._history.write("seen", id=job, state=lines[0]["state"], result=lines[0]["result"])
        elif code == 4:
            self._history.write("seen", id=job, state="unknown", result=None)

    def _fabric(self, words, text=None, murder=False):
        """Returns the exit code (None: killed or given up on) and the JSON lines of stdout."""
        process = subprocess.Popen(self._node.argv(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        if murder:
            threading.Timer(self._draw.uniform(0.0, 0.06), process.send_signal, [signal.SIGKILL]).start()
        try:
            out, err = process.communicate(text, timeout=ANSWER_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self._history.write("strange", words=list(map(str, words)), code=None, text="no answer")
            return None, []
        code = process.returncode
        if code not in (0, 1, 3, 4, 5, -signal.SIGKILL):
            self._history.write("strange", words=list(map(str, words)), code=code, text=err)
        return code, parsed(out)


def parsed(text):
    """The JSON lines, without one that was cut off."""
    found = []
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            found.append(json.loads(line))
    return found
