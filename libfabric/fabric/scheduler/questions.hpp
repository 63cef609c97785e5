#pragma once

#include "fabric/error.hpp"

#include <cstdint>

/// How many reads, cancels and kicks are with the rest of the fabric, under `limits.max_questions`. Pure. Who waits for
/// a job or an event is counted apart, under `limits.max_waiters`.
namespace fabric::scheduler {

class questions {
public:
  explicit questions(std::uint32_t max) : max_(max) {}

  /// errc::limit_reached: as many as allowed are open; this one is not counted.
  expected<void> begin();
  /// @pre one has begun (asserted).
  void end();

private:
  std::uint32_t max_;
  std::uint32_t open_ = 0;
};

} // namespace fabric::scheduler
