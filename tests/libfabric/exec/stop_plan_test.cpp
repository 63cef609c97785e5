#include "fabric/exec/stop_plan.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::exec;

namespace {

constexpr std::int64_t s = 1'000'000;
constexpr std::int64_t day = 86'400 * s;

const stop_action asked_softly(const char* why) { return {true, false, std::string("asked to stop: ") + why}; }

/// Starts at 0, with a lease for a day unless said otherwise.
stop_plan plan(std::int64_t deadline = day, std::int64_t wall = 0) { return {{0, deadline, wall, 10 * s}, 0}; }

} // namespace

TEST_CASE("a stop asks softly and kills at the end of the grace", "[stop_plan]") {
  auto p = plan();
  CHECK(p.reason() == stop_reason::none);
  CHECK(p.stop(stop_reason::budget, 10 * s, 5 * s) == asked_softly("budget"));
  CHECK(p.next_due() == 15 * s);
  CHECK(p.tick(15 * s - 1) == stop_action{});
  CHECK(p.tick(15 * s).kill);
  CHECK(p.reason() == stop_reason::budget);
  CHECK(p.next_due() == std::nullopt);
  CHECK(p.stop(stop_reason::cancel, 0, 16 * s) == stop_action{});
}

TEST_CASE("a repeated stop neither signals again nor moves the kill away", "[stop_plan]") {
  auto p = plan();
  p.stop(stop_reason::budget, 10 * s, 0);
  CHECK(p.stop(stop_reason::budget, 10 * s, 5 * s) == stop_action{});
  CHECK(p.next_due() == 10 * s);
  CHECK(p.stop(stop_reason::budget, 2 * s, 6 * s) == stop_action{});
  CHECK(p.next_due() == 8 * s);
}

TEST_CASE("a stop without grace kills at once, whatever was under way", "[stop_plan]") {
  auto p = plan();
  p.stop(stop_reason::drain, 10 * s, 0);
  CHECK(p.stop(stop_reason::unknown, 0, 1 * s).kill);
  CHECK(p.reason() == stop_reason::drain);
}

TEST_CASE("what a client asked for beats what the fabric wanted, without a second signal", "[stop_plan]") {
  auto p = plan();
  p.stop(stop_reason::budget, 10 * s, 0);
  const auto again = p.stop(stop_reason::cancel, 10 * s, 1 * s);
  CHECK_FALSE(again.signal);
  CHECK(again.note == "asked to stop: cancel");
  CHECK(p.reason() == stop_reason::cancel);
  CHECK(p.stop(stop_reason::budget, 10 * s, 2 * s) == stop_action{});
  CHECK(p.reason() == stop_reason::cancel);
}

TEST_CASE("the end of the lease kills at once", "[stop_plan]") {
  auto p = plan(15 * s);
  CHECK(p.next_due() == 15 * s); // Short leases have no warning.
  CHECK(p.tick(15 * s) == stop_action{false, true, "killed: lease"});
  CHECK(p.reason() == stop_reason::lease);
}

TEST_CASE("a lease of 60 s is warned of at 80 %", "[stop_plan]") {
  auto p = plan(60 * s - 10'000); // As granted, less the way of the renewal.
  CHECK(p.next_due() == 60 * s - 10'000 - (60 * s - 10'000) / 5);
  CHECK(p.tick(48 * s - 8'001) == stop_action{});
  CHECK(p.tick(48 * s).signal);
  CHECK(p.reason() == stop_reason::lease);
  CHECK(p.tick(49 * s) == stop_action{});
  CHECK(p.tick(60 * s).kill);
}

TEST_CASE("a lease renewed after the warning lets the job go on", "[stop_plan]") {
  auto p = plan(100 * s);
  REQUIRE(p.tick(80 * s).signal);
  p.extend(200 * s, 85 * s);
  SECTION("one that heeds it is lost") { CHECK(p.reason() == stop_reason::lease); }
  SECTION("one that shrugs it off goes on and is judged by itself") {
    CHECK(p.tick(100 * s) == stop_action{});
    CHECK(p.reason() == stop_reason::none);
    CHECK(p.next_due() == 177 * s);
  }
  SECTION("one that is then over its budget has its own signal and grace") {
    CHECK(p.stop(stop_reason::budget, 10 * s, 90 * s) == asked_softly("budget"));
    p.extend(300 * s, 95 * s);
    CHECK(p.reason() == stop_reason::budget);
    CHECK(p.tick(100 * s).kill);
  }
}

TEST_CASE("renewals leave a stop alone", "[stop_plan]") {
  auto p = plan(100 * s);
  p.tick(80 * s);
  p.stop(stop_reason::drain, 30 * s, 82 * s);
  for (auto t = 85 * s; t < 112 * s; t += 5 * s) {
    p.extend(t + 100 * s, t);
    CHECK(p.tick(t) == stop_action{});
  }
  CHECK(p.tick(112 * s).kill);
  CHECK(p.reason() == stop_reason::drain);
}

TEST_CASE("a lease never gets shorter", "[stop_plan]") {
  auto p = plan(100 * s);
  p.extend(50 * s, 0);
  CHECK(p.deadline() == 100 * s);
}

TEST_CASE("the wall limit asks softly once", "[stop_plan]") {
  auto p = plan(day, 20 * s);
  CHECK(p.tick(20 * s) == asked_softly("wall"));
  CHECK(p.tick(21 * s) == stop_action{});
  CHECK(p.tick(30 * s).kill);
  CHECK(p.reason() == stop_reason::wall);
}

TEST_CASE("the wall limit is kept after a warning too", "[stop_plan]") {
  auto p = plan(100 * s, 90 * s);
  REQUIRE(p.tick(80 * s).signal);
  p.extend(1000 * s, 85 * s);
  CHECK(p.tick(90 * s) == asked_softly("wall"));
  CHECK(p.tick(100 * s).kill);
  CHECK(p.reason() == stop_reason::wall);
}

TEST_CASE("a job that says nothing for its stall timeout is asked softly, and killed after the grace", "[stop_plan]") {
  stop_plan p{{0, day, 0, 10 * s, 30 * s}, 0};
  CHECK(p.next_due() == 30 * s);
  CHECK(p.tick(30 * s - 1) == stop_action{});
  CHECK(p.tick(30 * s) == asked_softly("stall"));
  CHECK(p.reason() == stop_reason::stall);
  CHECK_FALSE(p.was_alive());
  CHECK(p.tick(40 * s).kill);
}

TEST_CASE("each sign of life starts the stall timeout anew", "[stop_plan]") {
  stop_plan p{{0, day, 0, 10 * s, 30 * s}, 0};
  p.alive(20 * s);
  CHECK(p.next_due() == 50 * s);
  CHECK(p.tick(45 * s) == stop_action{});
  p.alive(46 * s);
  CHECK(p.silence(50 * s) == 26 * s);
  CHECK(p.tick(77 * s) == asked_softly("stall"));
  CHECK(p.silence(85 * s) == 31 * s);
}

TEST_CASE("a sign of life within the grace of a stall comes too late", "[stop_plan]") {
  stop_plan p{{0, day, 0, 10 * s, 30 * s}, 0};
  p.tick(30 * s);
  p.alive(31 * s);
  CHECK(p.silence(35 * s) == 30 * s);
  CHECK(p.tick(40 * s).kill);
  CHECK(p.reason() == stop_reason::stall);
}

TEST_CASE("one that was asked to stop may be silent", "[stop_plan]") {
  stop_plan p{{0, day, 0, 10 * s, 30 * s}, 0};
  p.stop(stop_reason::budget, 60 * s, 20 * s);
  CHECK(p.tick(50 * s) == stop_action{});
  CHECK(p.tick(80 * s).kill);
  CHECK(p.reason() == stop_reason::budget);
}

TEST_CASE("without a stall timeout silence is no reason", "[stop_plan]") {
  auto p = plan();
  CHECK(p.next_due() == day - day / 5); // The warning of its lease.
  CHECK(p.tick(1000 * s) == stop_action{});
}
