#include "fabric/job/retry.hpp"

#include "fabric/invariant.hpp"

#include <algorithm>
#include <cmath>

namespace fabric {

duration backoff(const retry_policy& policy, std::uint32_t failures, double draw) {
  invariant(failures >= 1);
  invariant(draw >= 0.0 && draw < 1.0);
  invariant(policy.factor >= 1.0 && policy.jitter >= 0.0 && policy.jitter <= 1.0);
  invariant(policy.base >= duration::zero() && policy.max >= duration::zero());
  if (policy.base == duration::zero()) return duration::zero(); // 0 times an infinite power would be NaN.
  // In double, since the power overflows any integer long before `failures` reaches its cap.
  const double uncapped = static_cast<double>(policy.base.count()) * std::pow(policy.factor, failures - 1);
  const double capped = std::min(static_cast<double>(policy.max.count()), uncapped);
  const double jittered = capped * (1.0 + policy.jitter * (2.0 * draw - 1.0));
  // Jitter may double `max`; a policy with a huge `max` must still fit the type.
  constexpr double longest = 9.2e18;
  return duration{std::llround(std::min(jittered, longest))};
}

} // namespace fabric
