#include "tests/libfabric/handlers/pool_fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace fabric;
using namespace fabric::handlers;
using namespace fabric::handlers::testing;

TEST_CASE("what a handler said is kept while it runs, and in the report of any end", "[handlers]") {
  fixture f;
  f.order(1);
  f.begin(1);
  CHECK_FALSE(f.machine.progress_of(1, f.now));
  f.say(1, "a");
  f.say(1, "b");
  f.say(9, "c");
  CHECK_FALSE(f.machine.progress_of(9, f.now));
  const auto seen = f.machine.progress_of(1, f.now + 3s);
  REQUIRE(seen);
  CHECK(seen->state == "b");
  CHECK(seen->age == 3s);
  const auto report =
      nlohmann::json::parse(end_in(f.finish(1, returned::way::result, "1", R"({"percent":90})")).end.report);
  CHECK(report["cause"] == "succeeded");
  CHECK(report["progress"]["percent"] == 90);
  CHECK_FALSE(f.machine.progress_of(1, f.now));
}

TEST_CASE("a silent handler is looked at, and asked to stop if it has said nothing since", "[handlers]") {
  fixture f;
  f.order(1, "chatty");
  f.begin(1);
  const auto out = f.pass(5s);
  CHECK(all<look_at_tasks>(out).size() >= 1);
  CHECK(all<ask_to_stop>(out).empty());
  CHECK(all<ask_to_stop>(f.handle(news{})).size() == 1);
  f.now += 1s;
  const auto end = end_in(f.finish(1, returned::way::threw, "stopped"));
  CHECK(end.stopped == stop_reason::stall);
  CHECK(end.end.how == outcome::timed_out);
  CHECK(end.end.reason == "stopped: no progress: limits.stall_timeout is 5s, none since the start 5s ago");
  CHECK(nlohmann::json::parse(end.end.report)["reason"] == end.end.reason);
}

TEST_CASE("a handler that says something in time goes on", "[handlers]") {
  fixture f;
  f.order(1, "chatty");
  f.begin(1);
  f.now += 4s;
  f.say(1, "half");
  f.now += 1s; // 5 s after the start,
  f.handle(pool_tick{});
  CHECK(all<ask_to_stop>(f.handle(news{})).empty());
  CHECK(all<ask_to_stop>(f.pass(4s)).empty());
  CHECK(all<ask_to_stop>(f.handle(news{})).size() == 1); // and 5 s after what it said.
  CHECK(end_in(f.finish(1, returned::way::threw, "stopped")).end.reason ==
        "stopped: no progress: limits.stall_timeout is 5s, the last was 5s ago");
}

TEST_CASE("what was said and not looked at counts when a silent handler is looked at", "[handlers]") {
  fixture f;
  f.order(1, "chatty");
  f.begin(1);
  const auto said_at = f.now + 3s;
  f.pass(5s);
  CHECK(all<ask_to_stop>(f.handle(news{{}, {}, {{1, "said", said_at}}})).empty());
  CHECK(*f.machine.wake_at() <= said_at + 5s);
  CHECK(f.machine.progress_of(1, f.now)->age == 2s);
}

TEST_CASE("a handler that was asked to stop, or has not begun, may be silent", "[handlers]") {
  fixture f;
  f.order(1, "chatty"), f.order(2, "chatty");
  f.begin(1);
  f.stop(1, stop_reason::budget, 20s);
  f.pass(7s);
  CHECK(all<ask_to_stop>(f.handle(news{})).empty());
}
