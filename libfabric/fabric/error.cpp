#include "fabric/error.hpp"

#include <array>
#include <cstddef>

namespace fabric {

namespace {

constexpr std::array<std::string_view, 18> names{
    "ok",          "bad_input",    "unknown_class", "class_disabled", "class_unavailable", "unknown_lane",
    "too_large",   "key_conflict", "limit_reached", "disk_full",      "not_found",         "wrong_state",
    "not_allowed", "draining",     "unavailable",   "stale",          "incompatible",      "io_error"};
static_assert(names.size() == static_cast<std::size_t>(errc::io_error) + 1);

} // namespace

std::string_view to_string(errc code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < names.size() ? names[index] : "unknown";
}

std::string render(const error& e) { return e.where.empty() ? e.message : e.where + ": " + e.message; }

} // namespace fabric
