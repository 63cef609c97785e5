#include "fabric/node/executors.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::node;

namespace {

constexpr time_point now{100h};

worker_effect run(fence_t fence, std::string job_class) {
  return run_attempt{{fence, 100 + fence, 1, std::move(job_class), "fast", "{}", 15s, 1}, now + 15s};
}
worker_effect stop(fence_t fence) { return stop_attempt{{fence, stop_reason::cancel, 1s}}; }
worker_effect forget(fence_t fence) { return forget_attempt{fence}; }
runner_ended end_of(fence_t fence) { return {{fence, 100 + fence, stop_reason::none, {}, 1, "fast"}}; }

/// Both have said what they can run; neither what it holds.
struct fixture {
  fixture() {
    machine.hear(place::runner, classes_changed{{"sh", "zip"}}, now);
    machine.hear(place::handlers, classes_changed{{"noop", "sleep"}}, now);
  }
  std::vector<worker_event> up(place from, std::vector<held_attempt> held = {}) {
    return machine.hear(from, runner_up{std::move(held)}, now);
  }
  executors machine;
};

std::vector<fence_t> fences(const worker_event& e) {
  std::vector<fence_t> all;
  for (const auto& h : std::get<runner_up>(e).held) all.push_back(h.fence);
  return all;
}

using places = std::vector<place>;

TEST_CASE("an order goes where its attempt is", "[node]") {
  fixture f;
  CHECK(f.machine.route(run(1, "sh")) == places{place::runner});
  CHECK(f.machine.route(run(2, "noop")) == places{place::handlers});
  CHECK(f.machine.route(stop(1)) == places{place::runner});
  CHECK(f.machine.route(stop(2)) == places{place::handlers});
  CHECK(f.machine.where(1) == place::runner);
  CHECK(f.machine.where(2) == place::handlers);
  CHECK_FALSE(f.machine.where(3));
  CHECK(f.machine.route(forget(2)) == places{place::handlers});
  CHECK_FALSE(f.machine.where(2));
  f.machine.hear(place::runner, end_of(1), now);
  CHECK_FALSE(f.machine.where(1));
  CHECK(f.machine.route(forget(2)) == places{place::runner, place::handlers});
}

TEST_CASE("a class that no handler has is the runner's to refuse", "[node]") {
  fixture f;
  CHECK(f.machine.route(run(1, "unknown")) == places{place::runner});
  f.machine.hear(place::handlers, classes_changed{{}}, now);
  CHECK(f.machine.route(run(2, "noop")) == places{place::runner});
}

TEST_CASE("a fence that nobody knows may be in either place", "[node]") {
  fixture f;
  CHECK(f.machine.route(stop(7)) == places{place::runner, place::handlers});
}

TEST_CASE("the worker can run what either can", "[node]") {
  fixture f;
  const auto told = f.machine.hear(place::runner, classes_changed{{"a", "sh"}}, now);
  REQUIRE(told.size() == 1);
  CHECK(std::get<classes_changed>(told[0]).classes == std::vector<std::string>{"a", "noop", "sh", "sleep"});
}

TEST_CASE("the list is whole when both have said theirs", "[node]") {
  fixture f;
  CHECK(f.up(place::handlers).empty());
  const auto told = f.up(place::runner, {{5, 105, 1, 2s, "fast"}});
  REQUIRE(told.size() == 1);
  CHECK(fences(told[0]) == std::vector<fence_t>{5});
  CHECK(std::get<runner_up>(told[0]).held[0].ran == 2s);
}

TEST_CASE("a runner that comes back does not make handlers lost", "[node]") {
  fixture f;
  f.up(place::handlers);
  f.up(place::runner, {{5, 105, 1, 2s, "fast"}});
  f.machine.route(run(6, "noop"));
  f.machine.hear(place::handlers, runner_started{6, now - 3s}, now);
  f.machine.route(run(7, "noop"));
  const auto down = f.machine.hear(place::runner, runner_down{}, now);
  REQUIRE(down.size() == 1);
  CHECK(std::holds_alternative<runner_down>(down[0]));
  f.machine.hear(place::handlers, end_of(7), now); // Meanwhile.
  const auto told = f.up(place::runner);
  CHECK(fences(told.at(0)) == std::vector<fence_t>{6}); // 5 is gone, 7 has ended.
  CHECK(std::get<runner_up>(told[0]).held[0].ran == 3s);
}

TEST_CASE("what leaked or was refused is not held, and a leak is said again", "[node]") {
  fixture f;
  f.up(place::handlers);
  f.up(place::runner);
  f.machine.route(run(6, "noop"));
  f.machine.route(run(7, "noop"));
  f.machine.hear(place::handlers, runner_leaked{6, "does not return"}, now);
  f.machine.hear(place::handlers, runner_refused{7, "no"}, now);
  const auto told = f.up(place::runner);
  REQUIRE(told.size() == 2);
  CHECK(fences(told[0]).empty());
  CHECK(std::get<runner_leaked>(told[1]).fence == 6);
  CHECK(f.machine.route(forget(6)) == places{place::handlers});
}

TEST_CASE("a carried attempt is lacking only where both places lack it", "[node]") {
  fixture f;
  CHECK(f.machine.route(fetch_attempt{{5, 105}}) == places{place::runner, place::handlers});
  CHECK(f.machine.hear(place::runner, runner_lacks{5}, now).empty());
  CHECK(f.machine.hear(place::handlers, runner_lacks{5}, now).size() == 1);
  f.machine.route(fetch_attempt{{6, 106}});
  CHECK(f.machine.hear(place::handlers, runner_gave{{6, 106, 1, 2s, "fast"}}, now).size() == 1);
  CHECK(f.machine.hear(place::runner, runner_lacks{6}, now).empty());
  CHECK(f.machine.route(stop(6)) == places{place::handlers});
  f.machine.hear(place::handlers, runner_took{6}, now);
  CHECK(f.machine.route(stop(6)) == places{place::runner, place::handlers});
}

} // namespace
