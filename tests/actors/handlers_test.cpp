#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::actors;
using testing::world;
using testing::world_settings;

/// A node whose class "calc" is a handler.
namespace {

constexpr auto threw = handlers::returned::way::threw;

world_settings with_handler() {
  world_settings how;
  how.config.classes["calc"].handler = "calculate";
  return how;
}

} // namespace

TEST_CASE("a handler's job runs in the node and ends with its result", "[handlers]") {
  world w{with_handler()};
  const auto id = w.submit("calc");
  CHECK(w.state(id) == job_state::running);
  CHECK(w.process.runs.empty());
  w.threads.end(id);
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.attempts(id).size() == 1);
  CHECK(w.attempts(id)[0].started_at != no_time);
}

TEST_CASE("a handler that runs for long keeps its lease, also while the runner is away", "[handlers]") {
  world w{with_handler()};
  const auto id = w.submit("calc");
  w.advance(20s);
  w.process.cut();
  w.advance(20s);
  w.process.mend();
  w.advance(10s);
  CHECK(w.threads.stopped.empty());
  w.threads.end(id);
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.attempts(id).size() == 1);
}

TEST_CASE("what ends while the runner is away is committed, and nothing is held after it is back", "[handlers]") {
  world w{with_handler()};
  const auto id = w.submit("calc");
  w.process.cut();
  w.advance(1s);
  w.threads.end(id);
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
  w.process.mend();
  w.advance(10s);
  for (const auto& n : w.ask_now<node_reports>(w.scheduler(), get_nodes{}).nodes)
    for (const auto& one : n.workers) CHECK(one.held.empty());
}

TEST_CASE("a new worker, lane or membership finds the handlers that run", "[handlers]") {
  for (const auto* name : {"worker/fast", "lane/fast", "membership", "runner"}) {
    INFO(name);
    world w{with_handler()};
    const auto id = w.submit("calc");
    w.kill(name);
    w.advance(20s);
    w.threads.end(id);
    w.run();
    CHECK(w.state(id) == job_state::succeeded);
    CHECK(w.attempts(id).size() == 1);
  }
}

TEST_CASE("an end that a dying worker did not pass on is told to the next", "[handlers]") {
  world w{with_handler()};
  const auto id = w.submit("calc");
  w.crash("worker/fast");
  w.threads.end(id);
  w.advance(1s);
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.attempts(id).size() == 1);
}

TEST_CASE("a handler over the lane's budget is asked, and its job moves on", "[handlers]") {
  world w{with_handler()};
  const auto id = w.submit("calc");
  w.advance(61s);
  REQUIRE(w.threads.stopped.size() == 1);
  w.threads.end(id, threw, "stopped");
  w.run();
  CHECK(w.row(id).lane == "slow");
  CHECK(w.attempts(id)[0].ended_as == outcome::demoted);
}

TEST_CASE("a handler that no thread has taken is handed back by a drain as not started", "[handlers]") {
  world w{with_handler()};
  w.threads.takes = false;
  const auto id = w.submit("calc");
  w.drain(0s);
  w.advance(1s);
  CHECK(w.attempts(id)[0].ended_as == outcome::drained);
  CHECK(w.attempts(id)[0].started_at == no_time);
  CHECK(w.drained.contains("fast@a1"));
}

TEST_CASE("an abandoned handler's job runs again when its lease is over, and its late result is refused",
          "[handlers]") {
  world w{with_handler()};
  const auto id = w.submit("calc");
  const auto first = w.threads.fence_of(id);
  w.advance(61s); // Over the budget,
  w.advance(11s); // and over the grace.
  CHECK(w.threads.abandoned.contains(first));
  CHECK(w.state(id) == job_state::running);
  w.advance(2min);
  REQUIRE(w.attempts(id).size() == 2);
  CHECK(w.attempts(id)[0].ended_as != outcome::succeeded);
  auto late = w.threads.running.extract(first);
  w.threads.end(id, handlers::returned::way::result, "2"); // The second attempt's.
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
  w.threads.running.insert(std::move(late));
  w.threads.end(id, handlers::returned::way::result, "1");
  w.advance(1s);
  CHECK(w.attempts(id)[1].ended_as == outcome::succeeded);
  CHECK(w.attempts(id)[0].ended_as != outcome::succeeded);
  CHECK(w.too_many_leaked == 0);
}

TEST_CASE("a release hands the handlers back before it is answered", "[handlers]") {
  world w{with_handler()};
  const auto id = w.submit("calc");
  w.drain(24h);
  const auto answer = w.ask_later<bool>(w.find<handler_pool_actor>("handlers"), release_handlers{700ms});
  w.run();
  CHECK_FALSE(answer->has_value());
  w.threads.end(id, threw, "stopped");
  w.run();
  CHECK(answer->has_value());
  CHECK(w.attempts(id)[0].ended_as == outcome::drained);
}

TEST_CASE("a pool that dies ends the node: nobody would know what its threads run", "[handlers]") {
  world w{with_handler()};
  w.kill("handlers");
  w.advance(1s);
  REQUIRE(w.failures.size() == 1);
  CHECK(w.failures[0].first == exit_child_failed);
}
