#pragma once

#include "fabric/time.hpp"

#include <optional>
#include <string>

namespace fabric {

/// An operator's word that a lane starts nothing for now. What runs goes on, under its budget; waiting jobs stay, and
/// other lanes take none of them. Kept by the store, so it survives every restart.
struct lane_pause {
  time_point since{};
  time_point until{}; ///< no_time: until somebody resumes the lane.
  std::string reason; ///< 1 to 255 bytes.

  bool operator==(const lane_pause&) const = default;
};

} // namespace fabric
