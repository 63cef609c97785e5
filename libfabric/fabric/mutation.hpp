#pragma once

#ifdef FABRIC_MUTATIONS
#include <cstdlib>
#endif
#include <string_view>

/// Deliberate faults that prove that the soak test bites (`scripts/soak --mutations`). Compiled in only by the preset
/// `mutations`, where the environment variable FABRIC_MUTATION names the one that is active; always false otherwise.
namespace fabric {

#ifdef FABRIC_MUTATIONS
inline bool mutation(std::string_view name) {
  const char* active = std::getenv("FABRIC_MUTATION");
  return active != nullptr && name == active;
}
#else
constexpr bool mutation(std::string_view) { return false; }
#endif

} // namespace fabric
