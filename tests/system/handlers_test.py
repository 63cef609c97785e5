"""Handlers, which run in the node's own process: results, stops, and what becomes of them when the node goes."""

import unittest

from harness import NodeTest, SharedNodeTest, eventually

CLASSES = {"noop": {"handler": "noop"}, "sleep": {"handler": "sleep", "threads": "io"},
           "one": {"handler": "sleep", "threads": 1, "limits": {"wall": "300ms"}, "max_attempts": 1},
           "strange": {"handler": "nobody"}}
LONG = {"for": "1h"}


def running(node, job):
    """The node says that the handler has begun."""
    def look():
        return [h for w in node.good("nodes")[0]["nodes"][0]["workers"] for h in w["held"] if h["job"] == job]
    return eventually(look, f"job {job} runs")


class Handlers(SharedNodeTest):
    config = {"classes": CLASSES, "lanes": [{"name": "fast", "slots": 2, "grace": "300ms", "budget": "2s"},
                                            {"name": "slow", "slots": 1, "grace": "300ms"}]}

    def test_a_job_ends_with_the_handlers_result_and_no_directory(self):
        end = self.n.wait(self.n.submit("noop"))
        self.assertEqual((end["state"], end["result"]), ("succeeded", None))
        self.assertFalse([d for d in self.n.spool.glob("*/*") if d.name.startswith(f"{end['id']}.")])

    def test_what_a_handler_throws_is_shown(self):
        job = self.n.submit("sleep", {"for": "soon"}, "--max-attempts", "1")
        end = self.n.wait(job)
        self.assertEqual(end["state"], "buried")
        self.assertIn("/input/for", end["reason"])
        self.assertEqual(end["attempts"][0]["outcome"], "failed")

    def test_one_that_outstays_the_budget_moves_on_and_can_be_cancelled(self):
        job = self.n.submit("sleep", LONG)
        eventually(lambda: self.n.show(job)["lane"] == "slow", "the job is demoted")
        self.n.until(job, "running")
        self.n.good("cancel", job)
        self.assertEqual(self.n.wait(job)["state"], "cancelled")
        self.assertEqual(self.n.outcomes(job), ["demoted", "cancelled"])

    def test_the_wall_time_limit_counts_from_when_a_thread_takes_it(self):
        jobs = [self.n.submit("one", {"for": "200ms"}) for _ in range(2)]  # 400 ms on one thread.
        jobs.append(self.n.submit("one", LONG))
        self.n.wait(*jobs)
        self.assertEqual([self.n.outcomes(j) for j in jobs], [["succeeded"], ["succeeded"], ["timed_out"]])

    def test_a_class_whose_handler_this_program_lacks_is_unavailable(self):
        answer = eventually(lambda: [a for a in [self.n.fabric("submit", "strange")] if a.code], "the lanes have told")
        self.assert_refused(answer[0], "class_unavailable", "strange")
        self.assertIn('no handler "nobody"; it has "noop", "sleep"', self.n.log())

    def test_a_program_and_a_handler_run_side_by_side(self):
        jobs = [self.n.submit("noop"), self.n.run("exit 0"), self.n.submit("noop")]
        self.n.wait(*jobs)
        self.assertEqual([self.n.show(j)["state"] for j in jobs], ["succeeded"] * 3)


class HandlersGoWithTheirNode(NodeTest):
    def start(self, **node):
        return self.node({"classes": CLASSES, "node": node})

    def test_a_killed_node_has_lost_them(self):
        n = self.start()
        job = n.submit("sleep", LONG)
        running(n, job)
        n.kill()
        n.start()
        eventually(lambda: n.show(job)["attempt"] == 2, "the job is leased again")
        self.assertEqual(n.outcomes(job)[0], "lost")

    def test_a_drain_hands_them_back(self):
        n = self.start(drain_timeout="200ms")
        job = n.submit("sleep", LONG)
        running(n, job)
        code, said = n.drain()
        self.assertEqual(code, 0)
        self.assertIn(f"job {job} attempt 1: handed back", said)
        self.assertIn("drained: nothing is held", said)
        n.start()
        eventually(lambda: n.show(job)["attempt"] == 2, "the job is leased again")
        self.assertEqual(n.outcomes(job)[0], "drained")

    def test_a_drain_lets_them_finish(self):
        n = self.start(drain_timeout="20s")
        job = n.submit("sleep", {"for": "500ms"})
        running(n, job)
        code, said = n.drain()
        self.assertEqual(code, 0)
        self.assertIn(f"job {job} attempt 1: succeeded", said)

    def test_a_detach_hands_them_back_and_leaves_processes(self):
        n = self.start()
        handler, process = n.submit("sleep", LONG), n.run(n.gate("go"))
        running(n, handler)
        shell = n.started(process)[0]
        n.detach_and_start()
        self.assertIn("handlers, which cannot, are handed back", n.log())
        eventually(lambda: n.show(handler)["attempt"] == 2, "the handler's job is leased again")
        self.assertEqual(n.outcomes(handler)[0], "drained")
        self.assertEqual(n.started(process)[0], shell)
        n.open_gate("go")
        self.assertEqual(n.wait(process)["attempt"], 1)


if __name__ == "__main__":
    unittest.main()
