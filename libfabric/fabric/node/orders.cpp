#include "fabric/node/orders.hpp"

#include <array>
#include <cstddef>

namespace fabric {

std::string_view to_string(stop_reason why) noexcept {
  static constexpr std::array<std::string_view, 12> names{"none",   "budget",  "cancel",    "drain",
                                                          "lease",  "unknown", "wall",      "abandoned",
                                                          "memory", "cpu",     "processes", "stall"};
  static_assert(names.size() == static_cast<std::size_t>(last_stop_reason) + 1);
  const auto index = static_cast<std::size_t>(why);
  return index < names.size() ? names[index] : "unknown";
}

} // namespace fabric
