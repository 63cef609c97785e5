#pragma once

#include "fabric/config/config.hpp"
#include "fabric/error.hpp"
#include "fabric/store/operations.hpp"

#include <optional>
#include <string>

/// Checks what operators ask of lanes. Pure.
namespace fabric::scheduler {

inline constexpr std::size_t reason_bytes = 255; ///< Of a pause.
inline constexpr duration shortest_pause = std::chrono::seconds{1};

/// errc::unknown_lane with the nearest name; errc::bad_input: no reason, one over reason_bytes, with control characters
/// or not UTF-8; a length under shortest_pause or over longest_duration. `where` names the field.
expected<store::set_pause> pause_order(const std::string& lane, const std::string& reason,
                                       std::optional<duration> length, const config::root& all, time_point now);

/// errc::unknown_lane.
expected<store::set_pause> resume_order(const std::string& lane, const config::root& all);

} // namespace fabric::scheduler
