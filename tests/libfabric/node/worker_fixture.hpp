#pragma once

#include "fabric/node/worker.hpp"

#include <string>
#include <utility>
#include <vector>

/// A worker of lane "fast" on node "a1" with three slots, and the effects of what it is told.
namespace fabric::node::testing {

constexpr time_point start{std::chrono::hours{1000}};

inline time_point at(duration since_start) { return start + since_start; }

template <class Effect> std::vector<Effect> only(const worker_effects& all) {
  std::vector<Effect> found;
  for (const auto& e : all)
    if (const auto* one = std::get_if<Effect>(&e)) found.push_back(*one);
  return found;
}

inline worker_settings settings() {
  worker_settings how;
  how.node = "a1";
  how.name = "fast@a1";
  how.lane = "fast";
  how.boot = 5'000;
  how.slots = 3;
  how.classes = {"a", "b"};
  return how;
}

inline attempt_ended end_of(fence_t fence, outcome how = outcome::succeeded) {
  attempt_ended what;
  what.fence = fence;
  what.job = fence + 100;
  what.attempt = 1;
  what.lane = "fast";
  what.end.how = how;
  what.end.started = true;
  return what;
}

struct bench {
  worker machine;
  want last; ///< The newest want it said.

  explicit bench(worker_settings how = settings()) : machine(std::move(how)) {}

  worker_effects tell(const worker_event& what, duration when = 0s) {
    auto out = machine.handle(what, at(when));
    for (const auto& e : only<tell_want>(out)) last = e.what;
    return out;
  }

  /// The lane is at hand and the runner has said what it holds.
  static bench working(std::vector<held_attempt> held = {}) {
    bench b;
    b.tell(lane_up{});
    b.tell(runner_up{std::move(held)});
    return b;
  }

  start_order order(fence_t fence) const { return {fence, fence + 100, 1, "a", "fast", "{}", 15s, last.seq}; }
  worker_effects begin(fence_t fence, duration when = 0s) { return tell(lane_start{order(fence)}, when); }

  /// Orders it and lets the runner start it, at once.
  void run(fence_t fence, duration when = 0s) {
    begin(fence, when);
    tell(runner_started{fence, at(when)}, when);
  }

  std::vector<fence_t> held_fences() {
    std::vector<fence_t> fences;
    for (const auto& h : machine.report(start).held) fences.push_back(h.fence);
    return fences;
  }
};

/// Why the start was refused; empty if it was not.
inline std::string refusal(const worker_effects& all) {
  const auto found = only<tell_refused>(all);
  return found.empty() ? std::string{} : found[0].what.why;
}

} // namespace fabric::node::testing
