#include "fabric/scheduler/intake.hpp"

#include "fabric/invariant.hpp"

namespace fabric::scheduler {

void intake::answered(std::uint64_t bytes) {
  invariant(underway_ > 0 && bytes_ >= bytes);
  --underway_;
  bytes_ -= bytes;
}

} // namespace fabric::scheduler
