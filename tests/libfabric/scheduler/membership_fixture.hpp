#pragma once

#include "fabric/scheduler/membership.hpp"

#include <string>
#include <utility>
#include <vector>

/// A membership, and what a test says to it.
namespace fabric::scheduler::testing {

inline constexpr time_point start{std::chrono::hours{1000}};

inline time_point at(duration since_start) { return start + since_start; }

template <class Effect> std::vector<Effect> only(const membership_effects& all) {
  std::vector<Effect> found;
  for (const auto& e : all)
    if (const auto* one = std::get_if<Effect>(&e)) found.push_back(*one);
  return found;
}

using lengths = std::vector<std::pair<fence_t, duration>>;

/// A membership whose node "a" renews; the store commits what it is asked at once unless told otherwise.
struct cell {
  membership machine{lease_settings{}};
  std::uint64_t seq = 0;

  membership_effects lease(fence_t fence, duration when, duration length = 15s, const std::string& node = "a") {
    return machine.handle(attempt_leased{fence, fence + 100, "fast", node, length}, at(when));
  }
  membership_effects renew(std::vector<fence_t> fences, duration when, const std::string& node = "a",
                           std::uint64_t boot = 1) {
    return machine.handle(node_renewed{node, boot, ++seq, std::move(fences)}, at(when));
  }
  /// Renews and commits; returns the lengths granted.
  lengths round(std::vector<fence_t> fences, duration when) {
    const auto out = renew(std::move(fences), when);
    for (const auto& e : only<extend_lease>(out)) machine.handle(lease_extended{e.fence, e.length, true}, at(when));
    return only<leases_granted>(out).at(0).lengths;
  }
  membership_effects tick(duration when) { return machine.handle(membership_tick{}, at(when)); }
  /// Lets every timer ring in time up to `when`; returns the leases that ended.
  std::vector<fence_t> ended(duration when) {
    std::vector<fence_t> fences;
    for (auto due = machine.wake_at(); due && *due <= at(when); due = machine.wake_at())
      for (const auto& e : only<lease_ended>(machine.handle(membership_tick{}, *due))) fences.push_back(e.fence);
    return fences;
  }
};

} // namespace fabric::scheduler::testing
