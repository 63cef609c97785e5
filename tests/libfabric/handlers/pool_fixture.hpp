#pragma once

#include "fabric/handlers/pool.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

/// A pool of a node with one lane, and what it says.
namespace fabric::handlers::testing {

/// A pool with one lane's worker, at an instant that only the test moves.
struct fixture {
  static config::root defaults() {
    config::root c;
    config::lane fast;
    fast.name = "fast", fast.slots = 8, fast.grace = 2s;
    c.lanes = {fast};
    c.classes["thumb"].handler = "resize";
    c.classes["wait"].handler = "wait";
    c.classes["wait"].threads = {config::handler_threads::kind::io, 0};
    c.classes["own"].handler = "resize";
    c.classes["own"].threads = {config::handler_threads::kind::own, 3};
    c.classes["short"].handler = "resize";
    c.classes["short"].limits.wall = 5s;
    c.classes["chatty"].handler = "resize";
    c.classes["chatty"].limits.stall_timeout = 5s;
    c.classes["strange"].handler = "nobody";
    c.classes["off"].handler = "resize";
    c.classes["off"].enabled = false;
    c.classes["sh"].command = {"/bin/sh"};
    return c;
  }

  explicit fixture(config::root c = defaults()) : machine({"a1", std::move(c), {"resize", "wait"}, 2, 5s}) {
    first = handle(exec::worker_joined{"fast"});
  }

  pool_effects handle(pool_event e) { return machine.handle(std::move(e), now); }
  pool_effects order(fence_t fence, std::string job_class = "thumb") {
    start_order o{fence, 100 + fence, 2, std::move(job_class), "fast", R"({"a":1})", 15s, 1};
    return handle(exec::worker_ordered{"fast", node::run_attempt{std::move(o), now + 15s}});
  }
  pool_effects stop(fence_t fence, stop_reason why = stop_reason::cancel, duration grace = 1s) {
    return handle(exec::worker_ordered{"fast", node::stop_attempt{{fence, why, grace}}});
  }
  pool_effects forget(fence_t fence) { return handle(exec::worker_ordered{"fast", node::forget_attempt{fence}}); }
  pool_effects begin(fence_t fence) { return handle(news{{{fence, now}}, {}}); }
  pool_effects say(fence_t fence, std::string state) { return handle(news{{}, {}, {{fence, std::move(state), now}}}); }
  pool_effects finish(fence_t fence, returned::way how = returned::way::result, std::string text = "1",
                      std::string progress = {}) {
    return handle(news{{}, {{fence, how, std::move(text), std::move(progress), now}}});
  }
  /// Lets time pass from tick to tick.
  pool_effects pass(duration d) {
    pool_effects all;
    const auto until = now + d;
    for (auto at = machine.wake_at(); at && *at <= until; at = machine.wake_at()) {
      now = std::max(now, *at);
      for (auto& e : handle(pool_tick{})) all.push_back(std::move(e));
    }
    now = until;
    return all;
  }

  time_point now{100h};
  pool machine;
  pool_effects first;
};

template <class T> std::vector<T> all(const pool_effects& effects) {
  std::vector<T> found;
  for (const auto& e : effects)
    if (const auto* t = std::get_if<T>(&e)) found.push_back(*t);
  return found;
}
template <class E> std::vector<E> told(const pool_effects& effects) {
  std::vector<E> found;
  for (const auto& t : all<exec::tell_worker>(effects))
    if (const auto* e = std::get_if<E>(&t.what)) found.push_back(*e);
  return found;
}
inline attempt_ended end_in(const pool_effects& effects) {
  const auto ends = told<node::runner_ended>(effects);
  REQUIRE(ends.size() == 1);
  return ends[0].what;
}

} // namespace fabric::handlers::testing
