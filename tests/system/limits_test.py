"""Limits: each kind of excess is stopped from outside, and the report of each job names its own cause."""

import os
import sys
import unittest

from harness import SAILOR, NodeTest, SharedNodeTest, eventually

MIB = 1 << 20
ONCE = {"max_attempts": 1, "backoff": {"base": "1ms", "jitter": 0}}


def limited(**limits):
    return {"command": [SAILOR], **ONCE, "limits": limits}


# Four processes with the same 40 MiB, for some samples.
SHARING = """
import os, time
held = bytearray(b"x") * (40 << 20)
children = [os.fork()]
while children[-1] and len(children) < 3:
    children.append(os.fork())
time.sleep(1 if children[-1] else 1000)
for child in children:
    os.kill(child, 9)
"""


class Limits(SharedNodeTest):
    """One node with a class per limit, all of the drunken sailor."""

    config = {"lanes": [{"name": "fast", "slots": 6, "grace": "300ms"}],
              "classes": {"small": limited(memory="64MiB"),
                          "brief": limited(cpu="300ms"),
                          "sharing": {**limited(memory="64MiB"), "command": [sys.executable, "-c", SHARING]},
                          "few": limited(processes=20),
                          "closed": limited(files=32),
                          "short": limited(file_size="1MiB"),
                          "narrow": limited(address_space="64MiB"),
                          "all": limited(memory="1GiB", cpu="1m", processes=100, files=64, file_size="1GiB",
                                         address_space="4GiB")}}

    def sail(self, job_class, mode, **more):
        return self.n.submit(job_class, {"mode": mode, **more})

    def assert_stopped(self, job, outcome, limit, how):
        """Buried at its only attempt, whose report names this limit alone, and how it is kept; returns its row."""
        end = self.n.wait(job)
        attempt = end["attempts"][0]
        self.assertEqual((end["state"], len(end["attempts"]), attempt["outcome"]), ("buried", 1, outcome), end)
        report = attempt["report"]
        self.assertEqual(report["cause"], outcome)
        self.assertIn(f"limits.{limit} is ", report["reason"])
        self.assertIn(f"limits.{limit} is ", end["reason"])
        exceeded = [row for row in report["limits"] if row["exceeded"]]
        self.assertEqual([(row["name"], row["how"]) for row in exceeded], [(limit, how)], report)
        self.assertEqual(self.n.job_processes(job), [])
        return exceeded[0]

    def assert_hog_is_killed(self, job):
        row = self.assert_stopped(job, "memory_exceeded", "memory", "sampled")
        self.assertEqual(row["limit"], 64 * MIB)
        self.assertGreater(row["measured"], 64 * MIB)
        report = self.n.show(job)["attempts"][0]["report"]
        self.assertEqual((report["stopped"], report["signal"]), ("memory", 9))
        self.assertEqual(report["memory_peak"], {"bytes": row["measured"], "how": "sampled"})
        self.assertIn("killed: memory", [t["what"] for t in report["timeline"]])

    def test_a_memory_hog_is_killed_from_outside_and_buried_at_once(self):
        job = self.sail("small", "hog", limit=512 * MIB)
        self.assert_hog_is_killed(job)
        self.assertEqual(self.n.show(job)["counts"]["memory"], 1)

    def test_what_a_tree_shares_is_counted_once(self):
        """Four processes with the same 40 MiB are within 64."""
        end = self.n.wait(self.n.submit("sharing"))
        self.assertEqual(end["state"], "succeeded", end)

    def test_a_fork_bomb_is_held(self):
        row = self.assert_stopped(self.sail("few", "bomb"), "failed", "processes", "sampled")
        self.assertGreater(row["measured"], 20)

    def test_cpu_time_is_limited_over_the_whole_tree(self):
        job = self.sail("brief", "spin")
        row = self.assert_stopped(job, "timed_out", "cpu", "sampled")
        self.assertGreater(row["measured"], 300_000)
        report = self.n.show(job)["attempts"][0]["report"]
        self.assertEqual((report["stopped"], report["signal"]), ("cpu", 15))

    def test_too_many_files_are_refused_to_the_job(self):
        end = self.n.wait(self.sail("closed", "files"))
        report = end["attempts"][0]["report"]
        self.assertEqual((end["reason"], report["exit_code"]), ("failed once: exit code 1", 1))
        self.assertIn("Too many open files", report["stderr"]["tail"])
        self.assertIn(("files", 32, "rlimit"), [(r["name"], r["limit"], r["how"]) for r in report["limits"]])

    def test_a_file_cannot_outgrow_its_limit(self):
        job = self.sail("short", "big-file")
        self.assert_stopped(job, "crashed", "file_size", "rlimit")
        size = os.stat(self.n.spool / f"{job % 256:02x}" / f"{job}.1" / "big-file").st_size
        self.assertEqual(size, MIB)

    def test_the_address_space_is_limited(self):
        end = self.n.wait(self.sail("narrow", "hog", limit=256 * MIB))
        report = end["attempts"][0]["report"]
        self.assertIn(end["attempts"][0]["outcome"], ("crashed", "failed"))
        self.assertLess(report["memory_peak"]["bytes"], 64 * MIB)
        self.assertIn(("address_space", "rlimit"), [(r["name"], r["how"]) for r in report["limits"]])

    def test_hostile_jobs_of_many_kinds_at_once_get_their_own_causes(self):
        kinds = 3 * [("small", "hog", {"limit": 512 * MIB}), ("few", "bomb", {}), ("brief", "spin", {}),
                     ("short", "big-file", {}), ("closed", "files", {}), ("all", "crash", {}), ("all", "stray", {}),
                     ("all", "chain", {"seconds": 0.2}), ("all", "exit", {"code": 7})]
        jobs = [(job_class, mode, self.sail(job_class, mode, **more)) for job_class, mode, more in kinds]
        expected = {"hog": ("memory_exceeded", "limits.memory"), "bomb": ("failed", "limits.processes"),
                    "spin": ("timed_out", "limits.cpu"), "big-file": ("crashed", "limits.file_size"),
                    "files": ("failed", "exit code 1"), "crash": ("crashed", "SIGSEGV"), "exit": ("failed", "exit code 7")}
        for _, mode, job in jobs:
            end = self.n.wait(job)
            attempt = end["attempts"][0]
            if mode in ("stray", "chain"):
                self.assertEqual(attempt["outcome"], "succeeded", (mode, end))
                continue
            outcome, reason = expected[mode]
            self.assertEqual(attempt["outcome"], outcome, (mode, end))
            self.assertIn(reason, attempt["report"]["reason"])
        eventually(lambda: not self.n.job_processes(), "nothing of any job is left")

    def test_a_job_within_its_limits_is_left_alone(self):
        end = self.n.wait(self.sail("all", "hog", limit=32 * MIB, seconds=0.5))
        self.assertEqual(end["state"], "succeeded")

    def test_show_says_in_words_which_limit_and_how_it_is_kept(self):
        job = self.sail("small", "hog", limit=512 * MIB)
        self.n.wait(job)
        page = self.n.fabric("show", job, as_json=False).out
        self.assertRegex(page, r"memory +64 MiB, at most [0-9]+ MiB seen, kept by samples of the whole tree: EXCEEDED")


class MemoryLow(NodeTest):
    def workers(self, n):
        return n.good("nodes")[0]["nodes"][0]["workers"]

    def test_a_node_short_of_memory_takes_no_work_and_says_why(self):
        n = self.node({"node": {"memory_low": "1000GiB"}})
        eventually(lambda: all(w["memory_low"] for w in self.workers(n)), "the node says that memory is low")
        job = n.run("echo 1 > $FABRIC_RESULT")
        low = self.workers(n)[0]["memory_low"]
        self.assertEqual(low["wanted"], 1000 << 30)
        self.assertGreater(low["available"], 0)
        self.assertRegex(n.fabric("nodes", as_json=False).out, r"memory low: [0-9]+ [MG]iB available, 1000 GiB wanted")
        self.assertEqual(len(n.events("memory_low")), 1)
        self.assertEqual(n.show(job)["state"], "ready")
        n.drain()
        n.config["node"]["memory_low"] = "1MiB"
        n.start()
        self.assertEqual(n.wait(job)["state"], "succeeded")
        self.assertEqual([w["memory_low"] for w in self.workers(n)], [None] * 2)


if __name__ == "__main__":
    unittest.main()
