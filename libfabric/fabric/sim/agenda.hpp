#pragma once

#include "fabric/time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace fabric::sim {

/// What is to happen, by virtual time; at one instant in the order it was planned.
class agenda {
public:
  using action = std::function<void()>;

  time_point now() const { return now_; }

  void at(time_point when, action what) {
    events_.emplace(std::pair{std::max(when, now_), ++planned_}, std::move(what));
  }

  /// Does the next thing, if it is due by `limit`. False: nothing was done.
  bool step(time_point limit) {
    if (events_.empty() || events_.begin()->first.first > limit) return false;
    auto next = events_.extract(events_.begin());
    now_ = next.key().first;
    next.mapped()();
    return true;
  }

private:
  time_point now_{std::chrono::hours{24}}; // Not 0: that means "never" in a row.
  std::uint64_t planned_ = 0;
  std::map<std::pair<time_point, std::uint64_t>, action> events_;
};

} // namespace fabric::sim
