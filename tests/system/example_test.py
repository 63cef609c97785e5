"""The installed libraries: a program outside of this project links them, registers handlers and is a node."""

import re
import shutil
import subprocess
import tempfile
import unittest

from harness import BIN, ROOT, Node, NodeTest, eventually

BUILD = BIN.parent
LONG = {"steps": 10_000, "ms": 100}


def run(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, argv))}: exit code {done.returncode}\n{done.stdout}")


def cached(name):
    """A variable of the build's cache; None: not there."""
    found = re.search(rf"^{name}:[A-Z]+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found and found[1]


class ExampleNode(Node):
    program = runner = None

    def command(self, *options):
        return [str(self.program), *super().command("--runner", str(self.runner), *options)[1:]]


class Example(NodeTest):
    """Installed and built once, below the build directory; what was compiled is kept."""

    @classmethod
    def setUpClass(cls):
        prefix, build = BUILD / "tests/example-prefix", BUILD / "tests/example"
        shutil.rmtree(prefix, ignore_errors=True)
        run("cmake", "--install", BUILD, "--prefix", prefix)
        options = [f"-D{name}={cached(name)}" for name in ("CAF_DIR", "CMAKE_CXX_COMPILER", "CMAKE_CXX_COMPILER_LAUNCHER")
                   if cached(name)]
        run("cmake", "-S", ROOT / "tests/example", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", *options)
        run("cmake", "--build", build)
        ExampleNode.program, ExampleNode.runner = build / "my-node", prefix / "bin/fabric-runner"

    def start(self, **config):
        directory = tempfile.mkdtemp(prefix="fabric-test-")
        classes = {"words": {"handler": "words"}, "steps": {"handler": "steps", "threads": "io"},
                   "deaf": {"handler": "deaf", "threads": "io"}}
        node = ExampleNode(directory, {"classes": classes, **config})
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        self.addCleanup(node.kill_everything)
        return node.start()

    def running(self, node, job):
        def look():
            return [h for w in node.good("nodes")[0]["nodes"][0]["workers"] for h in w["held"] if h["job"] == job]
        return eventually(look, f"job {job} runs")

    def leaks(self, node):
        return sum(w["leaked"] for w in node.good("nodes")[0]["nodes"][0]["workers"])

    def test_its_handlers_run_jobs_beside_those_of_every_node(self):
        n = self.start()
        end = n.wait(n.submit("words", {"text": "to be or not"}))
        self.assertEqual((end["state"], end["result"]), ("succeeded", {"words": 4}))
        end = n.wait(n.submit("words", {}, "--max-attempts", "1"))
        self.assertEqual(end["state"], "buried")
        self.assertIn("text", end["reason"])
        self.assertEqual(n.wait(n.run("exit 0"))["state"], "succeeded")
        self.assertEqual(n.drain()[0], 0)

    def test_a_checkpoint_outlives_the_node(self):
        n = self.start(node={"drain_timeout": "0s"})
        job = n.submit("steps", {"steps": 20, "ms": 100})
        self.running(n, job)
        eventually(lambda: self.running(n, job)[0]["ran_s"] > 0.3, "some steps are taken")
        self.assertEqual(n.drain()[0], 0)
        n.start()
        end = n.wait(job)
        self.assertEqual((end["state"], end["attempt"]), ("succeeded", 2))
        self.assertGreater(end["result"]["first"], 0)
        self.assertEqual(n.outcomes(job)[1], "succeeded")

    def test_too_many_that_do_not_return_end_the_node(self):
        n = self.start(handlers={"max_leaked": 1}, lease={"first": "3s"}, node={"drain_timeout": "100ms"})
        jobs = [n.submit("deaf") for _ in range(2)]
        for job in jobs:
            self.running(n, job)
        n.good("cancel", jobs[0])
        eventually(lambda: self.leaks(n) == 1, "the first is abandoned")
        self.assertEqual([e["job"] for e in n.events("slot_leaked")], jobs[:1])
        n.good("cancel", jobs[1])
        code, said = n.end()
        self.assertEqual(code, 75, said)
        self.assertIn("2 handlers do not return; handlers.max_leaked is 1", n.log())
        n.start()
        n.wait(*jobs)
        self.assertEqual([n.show(j)["state"] for j in jobs], ["cancelled"] * 2)


if __name__ == "__main__":
    unittest.main()
