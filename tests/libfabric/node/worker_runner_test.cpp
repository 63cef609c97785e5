#include "tests/libfabric/node/worker_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::node;
using namespace fabric::node::testing;

using fences = std::vector<fence_t>;

// -- the runner goes and comes back -----------------------------------------------------------------------------------

TEST_CASE("a worker without its runner offers nothing and claims nothing to be complete", "[worker]") {
  auto b = bench::working();
  b.run(1);
  CHECK(only<tell_want>(b.tell(runner_down{}, 1s)).size() == 1);
  CHECK(b.last.slots == 0);
  CHECK_FALSE(b.last.held_known);
  CHECK(b.last.held.size() == 1);
}

TEST_CASE("what the runner lists when it is back is the truth, and ended reports are kept", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.run(2);
  b.run(3);
  b.tell(runner_ended{end_of(1)});
  b.tell(runner_down{}, 1s);
  b.tell(runner_up{{{2, 102, 1, 9s, "fast"}, {4, 104, 3, 1s, "fast"}}}, 10s);
  CHECK(b.held_fences() == fences{1, 2, 4});
  CHECK(b.last.held_known);
  CHECK(b.machine.report(at(10s)).held[1].ran == 9s);
  CHECK(only<tell_ended>(b.tell(worker_tick{}, 15s)).size() == 1);
}

TEST_CASE("a list that still names what has ended does not undo the end", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(runner_ended{end_of(1)});
  b.tell(runner_up{{{1, 101, 1, 9s, "fast"}}}, 10s);
  CHECK(only<tell_ended>(b.begin(1, 11s)).size() == 1);
}

TEST_CASE("an order that the runner's list lacks is called back, and not run by a repeat", "[worker]") {
  auto b = bench::working();
  b.begin(1);
  b.tell(runner_down{});
  const auto out = b.tell(runner_up{});
  // The order may still be on its way to the runner; the stop comes behind it.
  REQUIRE(only<stop_attempt>(out).size() == 1);
  CHECK(only<stop_attempt>(out)[0].order.fence == 1);
  CHECK(only<stop_attempt>(out)[0].order.why == stop_reason::unknown);
  CHECK(b.last.held.empty());
  CHECK(only<run_attempt>(b.begin(1)).empty());
}

TEST_CASE("a start unknown to a worker that once knew its runner's list is run after the runner is back", "[worker]") {
  auto b = bench::working();
  b.tell(runner_down{});
  b.tell(runner_up{});
  CHECK(only<run_attempt>(b.begin(1)).size() == 1);
}

// -- leaked slots -----------------------------------------------------------------------------------------------------

TEST_CASE("a leaked slot reduces the offer from when its attempt is given up until its process is gone", "[worker]") {
  auto b = bench::working();
  b.run(1);
  CHECK(only<tell_want>(b.tell(runner_leaked{1, "unkillable"}, 1s)).size() == 1);
  CHECK(b.last.slots == 3); // The lane counts the attempt, which is still held, against them.
  CHECK(b.last.held.size() == 1);
  CHECK(b.machine.report(at(1s)).leaked == 1);
  b.tell(lane_stop{{1, stop_reason::unknown, 0s}}, 20s);
  b.tell(worker_tick{}, 30s);
  CHECK(b.last.slots == 2);
  b.tell(runner_ended{end_of(1)}, 1min);
  b.tell(worker_tick{}, 2min);
  CHECK(b.last.slots == 3);
}

TEST_CASE("a leak said twice is one slot", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(runner_leaked{1, "unkillable"});
  b.tell(runner_leaked{1, "unkillable"});
  b.tell(lane_stop{{1, stop_reason::unknown, 0s}}, 20s);
  b.tell(worker_tick{}, 30s);
  CHECK(b.last.slots == 2);
}

TEST_CASE("more leaks than slots offer nothing", "[worker]") {
  auto b = bench::working();
  for (fence_t fence = 1; fence <= 4; ++fence) b.tell(runner_leaked{fence, "unkillable"});
  CHECK(b.last.slots == 0);
}

TEST_CASE("a leaked attempt stays held so that its job waits for the end of the lease", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(runner_leaked{1, "unkillable"});
  CHECK(b.held_fences() == fences{1});
  // The lane has given it up: it need not be told of it any more, but the slot stays closed.
  b.tell(lane_stop{{1, stop_reason::unknown, 0s}}, 20s);
  b.tell(worker_tick{}, 30s);
  CHECK(b.last.held.empty());
  CHECK(b.last.slots == 2);
}

TEST_CASE("a leak that a new runner no longer holds is over", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.run(2);
  b.tell(runner_leaked{1, "unkillable"});
  b.tell(runner_leaked{2, "unkillable"});
  b.tell(runner_down{});
  b.tell(runner_up{{{2, 102, 1, 9s, "fast"}}});
  CHECK(b.machine.report(start).leaked == 1);
  b.tell(lane_stop{{2, stop_reason::unknown, 0s}}, 20s);
  b.tell(worker_tick{}, 30s);
  CHECK(b.last.slots == 2);
}

// -- drain ------------------------------------------------------------------------------------------------------------

namespace {

std::vector<std::string> told_fates(const worker_effects& all) {
  std::vector<std::string> texts;
  for (const auto& e : only<drained>(all))
    for (const auto& f : e.fates)
      texts.push_back(std::to_string(f.job) + "/" + std::to_string(f.attempt) + " " + f.what);
  return texts;
}

} // namespace

TEST_CASE("an idle worker is drained at once and offers no slot", "[worker]") {
  auto b = bench::working();
  const auto out = b.tell(drain{at(25s)});
  CHECK(only<drained>(out).size() == 1);
  CHECK(b.last.slots == 0);
  CHECK(b.machine.report(start).draining);
  CHECK_FALSE(b.machine.wake_at());
}

TEST_CASE("a worker that does not know what its runner holds is not drained", "[worker]") {
  bench b;
  b.tell(lane_up{});
  CHECK(only<drained>(b.tell(drain{at(25s)})).empty());
  CHECK(only<drained>(b.tell(runner_up{}, 1s)).size() == 1);
}

TEST_CASE("a draining worker lets its jobs finish and is drained when their ends are committed, once", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.run(2);
  CHECK(only<drained>(b.tell(drain{at(25s)})).empty());
  b.tell(runner_ended{end_of(1)}, 3s);
  b.tell(runner_ended{end_of(2, outcome::failed)}, 4s);
  CHECK(only<drained>(b.tell(lane_forget{1}, 5s)).empty());
  const auto out = b.tell(lane_forget{2}, 6s);
  CHECK(told_fates(out) == std::vector<std::string>{"101/1 succeeded", "102/1 failed"});
  CHECK(only<drained>(b.tell(lane_forget{2}, 7s)).empty());
  CHECK(only<drained>(b.tell(drain{at(25s)}, 8s)).empty());
}

TEST_CASE("a draining worker offers no slot in any want", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(drain{at(25s)});
  CHECK(b.last.slots == 0);
  b.tell(worker_tick{}, 5s);
  CHECK(b.last.slots == 0);
  b.tell(lane_up{}, 6s);
  CHECK(b.last.slots == 0);
}

TEST_CASE("what still runs at the deadline is handed back, once", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.run(2);
  b.tell(drain{at(7s)});
  b.tell(runner_ended{end_of(2)}, 1s);
  b.tell(worker_tick{}, 5s);
  REQUIRE(b.machine.wake_at() == at(7s));
  CHECK(only<stop_attempt>(b.tell(worker_tick{}, 7s - 1us)).empty());
  const auto out = only<stop_attempt>(b.tell(worker_tick{}, 7s));
  REQUIRE(out.size() == 1);
  CHECK(out[0].order.fence == 1);
  CHECK(out[0].order.why == stop_reason::drain);
  CHECK(out[0].order.grace == settings().hand_back_grace);
  CHECK(only<stop_attempt>(b.tell(worker_tick{}, 8s)).empty());
  b.tell(runner_ended{end_of(1, outcome::drained)}, 9s);
  b.tell(lane_forget{2}, 9s);
  CHECK(told_fates(b.tell(lane_forget{1}, 9s)) == std::vector<std::string>{"102/1 succeeded", "101/1 handed back"});
}

TEST_CASE("a second drain hands back at once", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(drain{at(25s)});
  CHECK(only<stop_attempt>(b.tell(drain{at(2s)}, 2s)).size() == 1);
}

TEST_CASE("a second drain does not move the deadline back", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(drain{at(3s)});
  b.tell(drain{at(25s)});
  CHECK(only<stop_attempt>(b.tell(worker_tick{}, 3s)).size() == 1);
}

TEST_CASE("an order that reached the runner only now is handed back when the runner is back", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(runner_down{});
  b.tell(drain{at(0s)});
  const auto out = only<stop_attempt>(b.tell(runner_up{{{1, 101, 1, 1s, "fast"}}}, 1s));
  REQUIRE(out.size() == 1);
  CHECK(out[0].order.why == stop_reason::drain);
}

TEST_CASE("an order that the runner refuses during a drain is handed back", "[worker]") {
  auto b = bench::working();
  b.begin(1);
  b.tell(drain{at(25s)});
  const auto out = b.tell(runner_refused{1, "the runner is stopping"});
  CHECK(told_fates(out) == std::vector<std::string>{"101/1 handed back"});
}

TEST_CASE("a process that cannot be killed does not hold up a drain", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.run(2);
  b.tell(runner_leaked{1, "unkillable"});
  CHECK(only<drained>(b.tell(drain{at(25s)})).empty());
  b.tell(runner_ended{end_of(2)}, 1s);
  CHECK(told_fates(b.tell(lane_forget{2}, 1s)) ==
        std::vector<std::string>{"102/1 succeeded", "101/1 cannot be killed"});
}

TEST_CASE("a drain does not wait for ever for a runner that is away", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(runner_down{});
  b.tell(drain{at(25s)});
  CHECK(only<drained>(b.tell(worker_tick{}, 25s)).empty());
  CHECK(only<drained>(b.tell(worker_tick{}, 31s)).empty());
  CHECK(told_fates(b.tell(worker_tick{}, 32s)) == std::vector<std::string>{"101/1 left with the runner"});
}

TEST_CASE("a drain does not wait for ever for an end that cannot be committed", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.run(2);
  b.tell(runner_ended{end_of(1)}); // Before the drain; the lane never says that it may be forgotten.
  b.tell(drain{at(25s)}, 1s);
  b.tell(runner_ended{end_of(2, outcome::failed)}, 2s);
  b.tell(worker_tick{}, 25s);
  CHECK(only<drained>(b.tell(worker_tick{}, 32s - 1us)).empty());
  REQUIRE(b.machine.wake_at());
  CHECK(*b.machine.wake_at() <= at(32s));
  const auto out = b.tell(worker_tick{}, 32s);
  CHECK(told_fates(out) == std::vector<std::string>{"101/1 left with the runner", "102/1 left with the runner"});
  CHECK(only<drained>(b.tell(worker_tick{}, 40s)).empty());
}

TEST_CASE("a drain does not wait for ever for a runner that is there and does not obey", "[worker]") {
  auto b = bench::working();
  b.run(1);
  b.tell(drain{at(3s)});
  b.tell(worker_tick{}, 3s);
  CHECK(told_fates(b.tell(worker_tick{}, 10s)) == std::vector<std::string>{"101/1 left with the runner"});
}
