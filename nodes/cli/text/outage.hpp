#pragma once

#include "fabric/time.hpp"

#include <algorithm>
#include <optional>
#include <utility>

/// How long to keep asking somebody who does not answer. Pure: time comes in.
namespace fabric::cli {

/// Sees successes and failures of calls to a fabric and says what to do next.
///
/// A fabric that never answered is given up at once, since the address may be wrong, unless the user named a patience.
class outage {
public:
  outage(duration patience, bool from_the_start) : patience_(patience), ever_reached_(from_the_start) {}

  struct verdict {
    bool first = false;   ///< Say that the fabric is away.
    duration pause{};     ///< Wait this long, then try again …
    bool give_up = false; ///< … or not at all.
  };

  verdict failed(time_point now) {
    const bool first = !since_;
    if (first) {
      since_ = now;
      pause_ = pause_min;
    } else {
      pause_ = std::min(pause_ * 2, pause_max);
    }
    return {first, pause_, !ever_reached_ || now - *since_ >= patience_};
  }

  /// Returns whether this ends an outage.
  bool succeeded() {
    ever_reached_ = true;
    return std::exchange(since_, std::nullopt).has_value();
  }

private:
  static constexpr duration pause_min = std::chrono::milliseconds{100};
  static constexpr duration pause_max = std::chrono::seconds{1};

  duration patience_;
  bool ever_reached_;
  std::optional<time_point> since_;
  duration pause_ = pause_min;
};

} // namespace fabric::cli
