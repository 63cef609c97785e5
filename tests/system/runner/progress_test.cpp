#include "tests/system/runner/harness.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace harness;

TEST_CASE("what a job says is told while it runs, and again to a fabricd that comes later", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  c.send(shell(1, "echo 42 >&$FABRIC_PROGRESS_FD; exec sleep 1000"));
  const auto said = c.progressed(1);
  CHECK(nlohmann::json::parse(said.state)["percent"] == 42);
  CHECK(said.at_us >= c.started(1).started_us);
  auto later = r.connect();
  CHECK(later.greeting().held.size() == 1);
  const auto again = later.progressed(1);
  CHECK(again.state == said.state);
  CHECK(again.at_us == said.at_us);
}

TEST_CASE("a job over its stall timeout may save its work within the grace", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  auto heeds = shell(1, R"(trap 'echo "\"saved\"" > "$FABRIC_RESULT"; exit 0' TERM; while :; do sleep 0.02; done)");
  heeds.stall_us = 200'000;
  heeds.grace_us = 60'000'000;
  auto ignores = shell(2, "trap '' TERM; while :; do sleep 0.02; done");
  ignores.stall_us = 200'000;
  ignores.grace_us = 300'000;
  c.send(heeds);
  c.send(ignores);
  const auto saved = c.ended(1);
  CHECK(saved.end.how == outcome::succeeded);
  CHECK(saved.stopped == stop_reason::stall);
  const auto killed = c.ended(2);
  CHECK(killed.end.how == outcome::timed_out);
  CHECK(killed.stopped == stop_reason::stall);
  CHECK(r.alive_jobs().empty());
}

TEST_CASE("a stopped stray that holds the pipe open keeps nothing from ending", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  c.send(shell(1, "setsid sh -c 'kill -STOP $$' & echo half >&$FABRIC_PROGRESS_FD"));
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::succeeded);
  CHECK(nlohmann::json::parse(e.end.report)["progress"]["message"] == "half");
  CHECK(r.alive_jobs().empty());
}
