#pragma once

#include "fabric/time.hpp"

#include <cstdint>

/// When a failed attempt may be tried again: exponential, with jitter, capped. Pure.
namespace fabric {

/// Delay before attempt n+1 after n failures: min(max, base * factor^(n-1)) * (1 + jitter * (2*draw - 1)).
/// With the defaults, without jitter: 1 s, 2 s, 4 s, 8 s, … up to 5 min.
struct retry_policy {
  duration base = std::chrono::seconds{1};
  double factor = 2.0; ///< >= 1.
  duration max = std::chrono::minutes{5};
  double jitter = 0.1; ///< 0 .. 1.

  bool operator==(const retry_policy&) const = default;
};

/// @param failures failures so far, the one just seen included; at least 1 (asserted).
/// @param draw uniform in [0, 1).
duration backoff(const retry_policy& policy, std::uint32_t failures, double draw);

} // namespace fabric
