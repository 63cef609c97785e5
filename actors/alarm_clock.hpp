#pragma once

#include "actors/compat.hpp"
#include "actors/environment.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

/// One timer for one actor: fires at the earliest instant that the machine asked for.
namespace fabric::actors {

template <class Self> class alarm_clock {
public:
  /// @param ring called in the actor's context, at or after the armed instant.
  alarm_clock(Self* self, environment_ptr env, std::function<void()> ring)
      : self_(self), env_(std::move(env)), ring_(std::move(ring)) {}

  /// Makes sure that the alarm rings no later than `at`. An earlier alarm stays; the machine sees that it is early.
  void arm(std::optional<time_point> at) {
    if (!at || (armed_ && *armed_ <= *at)) return;
    pending_.dispose(); // Else a far instant stays in CAF's clock each time that a nearer one is armed.
    armed_ = at;
    const auto generation = ++generation_;
    const auto delay = std::max(*at - env_->now(), duration{0});
    pending_ = self_->run_delayed(delay, [this, generation] {
      if (generation != generation_) return; // Replaced by an earlier one.
      armed_.reset();
      ring_();
    });
  }

  /// To be called when the actor ends: the clock holds on to whom it is to wake.
  void stop() {
    ++generation_;
    armed_.reset();
    pending_.dispose();
    pending_ = {};
  }

private:
  Self* self_;
  environment_ptr env_;
  std::function<void()> ring_;
  std::optional<time_point> armed_;
  caf::disposable pending_;
  std::uint64_t generation_ = 0;
};

} // namespace fabric::actors
