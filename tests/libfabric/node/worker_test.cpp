#include "tests/libfabric/node/worker_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::node;
using namespace fabric::node::testing;

using fences = std::vector<fence_t>;

TEST_CASE("a worker offers no slot before its runner has said what it holds", "[worker]") {
  bench b;
  b.tell(lane_up{});
  CHECK(b.last.slots == 0);
  CHECK_FALSE(b.last.held_known);
  CHECK(b.last.held.empty());
}

TEST_CASE("a worker whose runner is up says all that it can do", "[worker]") {
  auto b = bench::working({{7, 107, 2, 4s, "fast"}});
  CHECK(b.last.node == "a1");
  CHECK(b.last.worker == "fast@a1");
  CHECK(b.last.boot == 5'000);
  CHECK(b.last.slots == 3);
  CHECK(b.last.classes == std::vector<std::string>{"a", "b"});
  CHECK(b.last.held_known);
  REQUIRE(b.last.held.size() == 1);
  CHECK(b.last.held[0].fence == 7);
  CHECK(b.last.held[0].job == 107);
  CHECK(b.last.held[0].attempt == 2);
  CHECK(b.last.held[0].ran == 4s);
  CHECK(b.last.held[0].lane == "fast");
}

TEST_CASE("a want is repeated after each renewal interval under a growing number", "[worker]") {
  auto b = bench::working();
  const auto first = b.last.seq;
  REQUIRE(b.machine.wake_at() == at(5s));
  CHECK(b.tell(worker_tick{}, 5s - 1us).empty());
  CHECK(only<tell_want>(b.tell(worker_tick{}, 5s)).size() == 1);
  CHECK(b.last.seq == first + 1);
  CHECK(b.machine.wake_at() == at(10s));
}

TEST_CASE("a restarted worker of the same boot goes on above its last number", "[worker]") {
  auto before = bench::working();
  auto how = settings();
  how.first_seq = 1ull << 32;
  bench after{how};
  after.tell(lane_up{});
  CHECK(after.last.seq > before.last.seq);
  CHECK(after.last.boot == before.last.boot);
}

TEST_CASE("a start is run under a lease that counts from the want it answers", "[worker]") {
  auto b = bench::working();
  const auto out = only<run_attempt>(b.begin(1, 3s));
  REQUIRE(out.size() == 1);
  CHECK(out[0].order.fence == 1);
  CHECK(out[0].order.job == 101);
  CHECK(out[0].order.input == "{}");
  CHECK(out[0].deadline == at(15s));
}

TEST_CASE("a start that answers an older want has the shorter lease", "[worker]") {
  auto b = bench::working();
  const auto order = b.order(1);
  b.tell(worker_tick{}, 5s);
  b.tell(worker_tick{}, 10s);
  const auto out = only<run_attempt>(b.tell(lane_start{order}, 11s));
  REQUIRE(out.size() == 1);
  CHECK(out[0].deadline == at(15s));
}

TEST_CASE("the runner's start is told to the lane with the time that has passed", "[worker]") {
  auto b = bench::working();
  b.begin(1);
  const auto out = only<tell_started>(b.tell(runner_started{1, at(1s)}, 3s));
  REQUIRE(out.size() == 1);
  CHECK(out[0].what.fence == 1);
  CHECK(out[0].what.ran == 2s);
}

TEST_CASE("a process start that lies ahead of this clock counts as just now", "[worker]") {
  auto b = bench::working();
  b.begin(1);
  CHECK(only<tell_started>(b.tell(runner_started{1, at(1s)})).at(0).what.ran == 0s);
  CHECK(only<tell_started>(b.begin(1)).at(0).what.ran == 0s);
  b.tell(worker_tick{});
  CHECK(b.machine.report(at(0s)).held.at(0).ran == 0s);
}

TEST_CASE("a repeated start is answered with the state of its attempt", "[worker]") {
  auto b = bench::working();
  CHECK(only<run_attempt>(b.begin(1)).size() == 1);
  CHECK(b.begin(1, 1s).empty()); // On its way to the runner.
  b.tell(runner_started{1, at(1s)}, 1s);
  CHECK(only<tell_started>(b.begin(1, 4s)).at(0).what.ran == 3s);
  b.tell(runner_ended{end_of(1)}, 5s);
  const auto out = b.begin(1, 6s);
  CHECK(only<tell_ended>(out).size() == 1);
  CHECK(only<run_attempt>(out).empty());
}

TEST_CASE("a start is refused while the node drains", "[worker]") {
  auto b = bench::working({{7, 107, 1, 1s, "fast"}});
  b.tell(drain{at(25s)});
  const auto out = b.begin(1);
  CHECK(refusal(out) == "the node drains");
  CHECK(only<run_attempt>(out).empty());
}

TEST_CASE("a start is refused while the runner is away", "[worker]") {
  auto b = bench::working();
  b.tell(runner_down{});
  CHECK(refusal(b.begin(1)) == "the node's runner is away");
}

TEST_CASE("a start is not judged before the runner has said what it holds", "[worker]") {
  bench b; // Restarted: the worker before it may have passed this start on.
  b.tell(lane_up{});
  CHECK(b.begin(1).empty());
  b.tell(runner_up{{{1, 101, 1, 2s, "fast"}}}, 2s);
  CHECK(only<tell_started>(b.begin(1, 3s)).at(0).what.ran == 3s);
}

TEST_CASE("a draining worker does not judge a start either before it knows what the runner holds", "[worker]") {
  bench b;
  b.tell(lane_up{});
  b.tell(drain{at(25s)});
  CHECK(b.begin(1).empty());
  b.tell(runner_up{});
  CHECK(refusal(b.begin(1)) == "the node drains");
}

TEST_CASE("a start that comes too late for its lease is refused", "[worker]") {
  auto b = bench::working();
  CHECK(refusal(b.begin(1, 14s + 1us)) == "the start came too late for its lease");
  CHECK(only<run_attempt>(b.begin(2, 14s)).size() == 1);
}

TEST_CASE("a start that answers a want of an older boot is refused", "[worker]") {
  auto before = bench::working();
  const auto order = before.order(1);
  auto how = settings();
  how.boot = 90'000'000;
  bench after{how};
  after.tell(lane_up{});
  after.tell(runner_up{});
  REQUIRE(after.last.boot != before.last.boot);
  CHECK_FALSE(refusal(after.tell(lane_start{order})).empty());
}

TEST_CASE("a start that answers a want never said is refused", "[worker]") {
  auto b = bench::working();
  auto order = b.order(1);
  order.want_seq = 0;
  CHECK_FALSE(refusal(b.tell(lane_start{order})).empty());
  order.fence = 2;
  order.want_seq = b.last.seq + 1;
  CHECK_FALSE(refusal(b.tell(lane_start{order})).empty());
}

TEST_CASE("what was refused once stays refused, whatever changed since", "[worker]") {
  auto b = bench::working();
  b.tell(runner_down{});
  const auto order = b.order(1);
  REQUIRE_FALSE(refusal(b.tell(lane_start{order})).empty());
  b.tell(runner_up{});
  // The lane may have ended the attempt by now: a repeat that crossed the refusal must not run.
  const auto out = b.tell(lane_start{order});
  CHECK_FALSE(refusal(out).empty());
  CHECK(only<run_attempt>(out).empty());
}

TEST_CASE("what the runner refused is told and stays refused", "[worker]") {
  auto b = bench::working();
  b.begin(1);
  CHECK(refusal(b.tell(runner_refused{1, "no slot"})) == "no slot");
  CHECK(b.held_fences().empty());
  CHECK_FALSE(refusal(b.begin(1)).empty());
}

TEST_CASE("an attempt that the lane has forgotten is not started again by a late repeat", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(runner_ended{end_of(1)});
  b.tell(lane_forget{1});
  const auto out = b.begin(1, 1s);
  CHECK(only<run_attempt>(out).empty());
  CHECK_FALSE(refusal(out).empty());
}

TEST_CASE("an end is told at once and with each renewal until it is forgotten", "[worker]") {
  auto b = bench::working();
  b.run(1);
  const auto told = only<tell_ended>(b.tell(runner_ended{end_of(1, outcome::failed)}, 2s));
  REQUIRE(told.size() == 1);
  CHECK(told[0].what.end.how == outcome::failed);
  CHECK(only<tell_ended>(b.tell(worker_tick{}, 5s)).size() == 1);
  CHECK(only<tell_ended>(b.tell(worker_tick{}, 10s)).size() == 1);
  CHECK(only<forget_attempt>(b.tell(lane_forget{1}, 11s)).at(0).fence == 1);
  CHECK(only<tell_ended>(b.tell(worker_tick{}, 15s)).empty());
  CHECK(b.last.held.empty());
}

TEST_CASE("an end counts as held until it is forgotten", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(runner_ended{end_of(1)}, 2s);
  b.tell(worker_tick{}, 5s);
  REQUIRE(b.last.held.size() == 1);
  CHECK(b.last.held[0].fence == 1);
}

TEST_CASE("an end that the runner says twice is kept as it was first said", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(runner_ended{end_of(1, outcome::succeeded)});
  CHECK(b.tell(runner_ended{end_of(1, outcome::crashed)}).empty());
  CHECK(only<tell_ended>(b.tell(worker_tick{}, 5s)).at(0).what.end.how == outcome::succeeded);
}

TEST_CASE("an end of an attempt unknown here is told and kept too", "[worker]") {
  bench b;
  CHECK(only<tell_ended>(b.tell(runner_ended{end_of(9)})).size() == 1);
  CHECK(b.held_fences() == fences{9});
}

TEST_CASE("a started or refused message does not undo an end", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(runner_ended{end_of(1)});
  CHECK(b.tell(runner_started{1, at(0s)}).empty());
  CHECK(b.tell(runner_refused{1, "late"}).empty());
  CHECK(only<tell_ended>(b.begin(1)).size() == 1);
}

TEST_CASE("a forget is passed to the runner even if the attempt is unknown here", "[worker]") {
  auto b = bench::working();
  CHECK(only<forget_attempt>(b.tell(lane_forget{9})).at(0).fence == 9);
}

TEST_CASE("a forget of an attempt that still runs stops it and waits for its end", "[worker]") {
  auto b = bench::working();
  b.run(1);
  const auto out = b.tell(lane_forget{1});
  CHECK(only<stop_attempt>(out).at(0).order.why == stop_reason::unknown);
  CHECK(only<forget_attempt>(out).empty());
  CHECK(b.held_fences() == fences{1});
}

TEST_CASE("a new lane is told ends and starts first, then the want", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.run(2);
  b.begin(3);
  b.tell(runner_ended{end_of(1)});
  const auto out = b.tell(lane_up{}, 2s);
  REQUIRE(out.size() == 3);
  CHECK(std::get<tell_ended>(out[0]).what.fence == 1);
  CHECK(std::get<tell_started>(out[1]).what.ran == 2s);
  CHECK(std::get<tell_want>(out[2]).what.held.size() == 3);
}

TEST_CASE("a stop goes to the runner as it is", "[worker]") {
  auto b = bench::working();
  b.run(1);
  const auto out = only<stop_attempt>(b.tell(lane_stop{{1, stop_reason::budget, 10s}}));
  REQUIRE(out.size() == 1);
  CHECK(out[0].order.why == stop_reason::budget);
  CHECK(out[0].order.grace == 10s);
}

TEST_CASE("a stop for an unknown fence still goes to the runner", "[worker]") {
  auto b = bench::working();
  CHECK(only<stop_attempt>(b.tell(lane_stop{{9, stop_reason::unknown, 0s}})).at(0).order.fence == 9);
}

TEST_CASE("a start that comes behind its stop is not run", "[worker]") {
  auto b = bench::working();
  b.tell(lane_stop{{9, stop_reason::cancel, 0s}});
  const auto out = b.begin(9);
  CHECK(only<run_attempt>(out).empty());
  CHECK(refusal(out) == "refused or ended here before");
}

TEST_CASE("a stop before the runner has said what it holds does not make its attempt one that is over", "[worker]") {
  bench b;
  b.tell(lane_up{});
  b.tell(lane_stop{{9, stop_reason::budget, 10s}});
  b.tell(runner_up{{{9, 109, 1, 2s, "fast"}}}, 2s);
  CHECK(only<tell_started>(b.begin(9, 3s)).size() == 1);
}

TEST_CASE("a stop of what has ended is answered with the end", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(runner_ended{end_of(1)});
  const auto out = b.tell(lane_stop{{1, stop_reason::budget, 10s}});
  CHECK(only<tell_ended>(out).size() == 1);
  CHECK(only<stop_attempt>(out).empty());
}

TEST_CASE("changed classes are told at once", "[worker]") {
  auto b = bench::working();
  CHECK(only<tell_want>(b.tell(classes_changed{{"b", "c"}}, 1s)).size() == 1);
  CHECK(b.last.classes == std::vector<std::string>{"b", "c"});
}

TEST_CASE("the report tells what is held and since when", "[worker]") {
  auto b = bench::working();
  b.run(1, 1s);
  const auto r = b.machine.report(at(4s));
  CHECK(r.name == "fast@a1");
  CHECK(r.lane == "fast");
  CHECK(r.slots == 3);
  CHECK(r.runner_up);
  CHECK_FALSE(r.draining);
  REQUIRE(r.held.size() == 1);
  CHECK(r.held[0].ran == 3s);
}

TEST_CASE("an undrained worker takes work again, and a second drain tells its own fates", "[worker]") {
  auto b = bench::working();
  b.run(1);
  CHECK(only<drained>(b.tell(drain{at(0s)})).empty());
  CHECK(only<drained>(b.tell(runner_ended{end_of(1, outcome::drained)})).empty());
  CHECK(only<drained>(b.tell(lane_forget{1})).at(0).fates.at(0).what == "handed back");
  CHECK(b.last.slots == 0);
  b.tell(undrain{});
  CHECK(b.last.slots == 3);
  CHECK_FALSE(b.machine.report(start).draining);
  b.run(2);
  b.tell(drain{at(10s)}, 1s);
  b.tell(runner_ended{end_of(2)}, 2s);
  const auto fates = only<drained>(b.tell(lane_forget{2}, 2s)).at(0).fates;
  REQUIRE(fates.size() == 1);
  CHECK(fates[0].what == "succeeded");
}

TEST_CASE("a worker with other slots says so, once", "[worker]") {
  auto b = bench::working();
  b.run(1);
  CHECK(only<tell_want>(b.tell(slots_changed{1})).size() == 1);
  CHECK(b.last.slots == 1);
  CHECK(b.tell(slots_changed{1}).empty());
  CHECK(b.held_fences() == std::vector<fence_t>{1});
}

TEST_CASE("the drain with which the node ends is told anew, and cannot be taken back", "[worker]") {
  auto b = bench::working();
  const auto first = only<drained>(b.tell(drain{at(20s)})).at(0);
  CHECK_FALSE(first.ends);
  const auto second = only<drained>(b.tell(drain{at(25s), true}, 1s)).at(0);
  CHECK(second.ends);
  CHECK(second.fates.empty());
  CHECK(only<drained>(b.tell(drain{at(1s), true}, 1s)).empty());
  CHECK(b.tell(undrain{}, 2s).empty());
  CHECK(b.machine.report(start).draining);
}

TEST_CASE("a start that the lane before sent is refused once the worker has greeted the new lane", "[worker]") {
  auto b = bench::working();
  const auto late = b.order(1);
  b.tell(lane_up{}, 1s); // Here it is said that nothing is held.
  CHECK(refusal(b.tell(lane_start{late}, 1s)) == "the start came too late for its lease");
  CHECK(refusal(b.begin(2, 1s)).empty());
}
