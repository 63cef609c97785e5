"""What scripts/demo makes of a fabric that does its work badly: a stand-in does it, well or not."""

import argparse
import contextlib
import hashlib
import io
import json
import lzma
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts/py"))

import demo_check  # noqa: E402
import demo_run  # noqa: E402
import workload  # noqa: E402


class StandIn:
    """Does what is submitted in this process; tests spoil what it does."""

    def __init__(self, directory):
        self.data = directory / "data"
        self.rows = {}
        self.lost = set()
        self.left = 0

    def start(self):
        return "ready"

    def submit_file(self, path):
        ends = iter(state for _, state in workload.SAILORS)
        for number, line in enumerate(path.read_text().splitlines(), 1):
            job = json.loads(line)
            state = next(ends) if job["class"] == "sailor" else "succeeded"
            self.rows[number] = (state, 1)
            self.work(number, job["class"], job["input"])
        return list(self.rows)

    def work(self, number, kind, given):
        if kind == "compress":
            part = pathlib.Path(given["path"])
            pathlib.Path(f"{part}.xz").write_bytes(lzma.compress(part.read_bytes()))
        elif kind != "sailor":
            folder = self.data / "spool" / f"{number % 256:02x}" / f"{number}.1"
            folder.mkdir(parents=True)
            names = pathlib.Path(given["list"]).read_text().splitlines()
            (folder / "stdout").write_text("".join(f"{self.fact(kind, name)}{name}\n" for name in names))

    @staticmethod
    def fact(kind, name):
        content = pathlib.Path(name).read_bytes()
        if kind == "checksums":
            return f"{hashlib.sha256(content).hexdigest()}  "
        return f"{content.count(bytes([10])):3} "

    def lanes(self):
        counts = {"succeeded": len(self.rows), "buried": 0, "cancelled": 0, "demoted_out": 0}
        return [{"lane": "fast", "slots": 3, "busy": 0, "ready": 0, "scheduled": 0, "counts": counts}]

    def sql(self, query):
        if "attempt FROM jobs_view" in query:
            return [(n, *row) for n, row in self.rows.items() if n not in self.lost]
        return [(0, 0, 0.0)] if "DISTINCT" in query else []

    def drain(self):
        return "drained"

    def kill_leftovers(self):
        return self.left


class Demo(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="fabric-demo-test-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.tree = self.directory / "tree"
        self.tree.mkdir()
        for n in range(8):
            (self.tree / f"file {n}").write_text(f"{n}\n" * (n + 1))
        (self.tree / "ends in a space ").write_text("x\n")
        self.fabric = StandIn(self.directory)

    def run_demo(self):
        """Returns whether the demo is content, and what it said."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            good = demo_run.run(argparse.Namespace(directory=str(self.tree)), self.directory, self.fabric)
        return good, said.getvalue()

    def assert_wrong(self, *words):
        good, said = self.run_demo()
        self.assertFalse(good, said)
        for word in words:
            self.assertIn(word, said)

    def spoil_output(self, change):
        """Changes the text of the first output."""
        inner = self.fabric.submit_file
        def submit_file(path):
            ids = inner(path)
            output = sorted(self.fabric.data.glob("spool/*/*/stdout"))[0]
            output.write_text(change(output.read_text()))
            return ids
        self.fabric.submit_file = submit_file

    def test_a_fabric_that_does_its_work_is_well(self):
        good, said = self.run_demo()
        self.assertTrue(good, said)
        self.assertIn("9 of 9 equal", said)

    def test_a_difference_is_found(self):
        self.spoil_output(lambda text: ("0" if text[0] != "0" else "1") + text[1:])
        self.assert_wrong("WRONG", "not ")

    def test_an_output_of_nonsense_is_found(self):
        self.spoil_output(lambda _: "nonsense\n")
        self.assert_wrong("says None of")

    def test_an_output_that_is_not_there_is_found(self):
        inner = self.fabric.work
        self.fabric.work = lambda number, kind, given: None if number == 2 else inner(number, kind, given)
        self.assert_wrong("job 2 ", "not in the spool")

    def test_a_lost_job_is_found(self):
        self.fabric.lost = {3}
        self.assert_wrong("job 3 ", "is lost")

    def test_a_job_that_did_not_succeed_is_found(self):
        inner = self.fabric.submit_file
        def submit_file(path):
            ids = inner(path)
            self.fabric.rows = {n: ("buried", 1) for n in ids}
            return ids
        self.fabric.submit_file = submit_file
        self.assert_wrong("is buried", "(sailor ok) is buried, not succeeded")

    def test_processes_left_behind_are_found(self):
        self.fabric.left = 2
        self.assert_wrong("2 processes were left behind")

    def test_a_compression_of_something_else_is_found(self):
        inner = self.fabric.work
        def work(number, kind, given):
            inner(number, kind, given)
            if kind == "compress":
                pathlib.Path(f"{given['path']}.xz").write_bytes(lzma.compress(b"something else"))
        self.fabric.work = work
        self.assert_wrong("decompresses to something else")


class Spoken(unittest.TestCase):
    def test_names_may_begin_and_end_with_spaces(self):
        self.assertEqual(demo_check.spoken_facts("checksums", "ab  /a b \ncd * c\n"), {"/a b ": "ab", " c": "cd"})
        self.assertEqual(demo_check.spoken_facts("line-counts", "  1 /a \n 22  b\n 23 total\n"), {"/a ": "1", " b": "22"})

    def test_a_line_of_something_else_is_no_fact(self):
        for kind, text in [("checksums", "ab"), ("checksums", "ab \n"), ("line-counts", "12\n"), ("checksums", "")]:
            with self.assertRaises(ValueError):
                demo_check.spoken_facts(kind, text)


if __name__ == "__main__":
    unittest.main()
