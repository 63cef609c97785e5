#include "tests/system/runner/harness.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace harness;

namespace {

/// A loop of a shell, which heeds SIGTERM or not.
run spinning(fence_t fence, const std::string& on_term) {
  auto o = shell(fence, "trap '" + on_term + "' TERM; while :; do :; done");
  o.limits.cpu_us = 200'000;
  o.grace_us = 300'000;
  return o;
}

} // namespace

TEST_CASE("a tree over its memory is killed at once, without a soft signal", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  auto o = shell(1, R"(trap 'echo asked' TERM; head -c 200000000 /dev/zero | tail -c 200000000)");
  o.limits.memory = 64u << 20;
  o.grace_us = 60'000'000;
  c.send(o);
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::memory_exceeded);
  CHECK(e.stopped == stop_reason::memory);
  CHECK(slurp(r.file(1001, "stdout")).empty());
}

TEST_CASE("a job over its CPU time may save its work within the grace", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  auto heeds = spinning(1, R"(echo "\"saved\"" > "$FABRIC_RESULT"; exit 0)");
  heeds.grace_us = 60'000'000;
  c.send(heeds);
  c.send(spinning(2, ""));
  const auto saved = c.ended(1);
  CHECK(saved.end.how == outcome::succeeded);
  CHECK(saved.end.result == "\"saved\"");
  CHECK(saved.stopped == stop_reason::cpu);
  const auto killed = c.ended(2);
  CHECK(killed.end.how == outcome::timed_out);
  CHECK(killed.stopped == stop_reason::cpu);
}

TEST_CASE("CPU time of children that are gone counts", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  auto o = shell(1, "while :; do /bin/true; done");
  o.limits.cpu_us = 300'000;
  c.send(o);
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::timed_out);
  CHECK(e.stopped == stop_reason::cpu);
}

TEST_CASE("a fork bomb in sessions of its own is held, and nothing of it stays", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  auto o = sail(1, {"bomb"});
  o.limits.processes = 20;
  c.send(o);
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::failed);
  CHECK(e.stopped == stop_reason::processes);
  CHECK(r.alive_jobs().empty());
}

TEST_CASE("the other attempts of a node go on while one is killed for its limits", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  c.send(shell(1, "sleep 1000"));
  c.started(1);
  auto o = sail(2, {"hog", "--limit", "500000000"});
  o.limits.memory = 64u << 20;
  c.send(o);
  CHECK(c.ended(2).end.how == outcome::memory_exceeded);
  c.send(stop{1, stop_reason::cancel, 0});
  const auto e = c.ended(1);
  CHECK(e.stopped == stop_reason::cancel);
  CHECK(e.end.how == outcome::cancelled);
}
