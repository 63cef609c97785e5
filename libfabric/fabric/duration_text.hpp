#pragma once

#include "fabric/error.hpp"
#include "fabric/time.hpp"

#include <string>
#include <string_view>

/// Durations as people write them in JSON and on the command line: a whole number and one unit, "300ms", "60s", "5m",
/// "2h", "7d". Pure.
namespace fabric {

/// The longest duration that is accepted anywhere: 10 years of 365 days.
inline constexpr duration longest_duration = std::chrono::hours{24 * 365 * 10};

/// Units: ms, s, m (minutes), h, d. No sign, space, fraction or second unit; 0 needs a unit too.
/// @returns 0 .. longest_duration. Otherwise errc::bad_input with an empty `where`.
expected<duration> parse_duration(std::string_view text);

/// Writes `d` in the largest unit that keeps it whole: 300 s becomes "5m", 90 s "90s". Fractions of a millisecond are
/// cut off, negative durations are written as "0s". What parse_duration has read comes back as an equal duration.
std::string format_duration(duration d);

} // namespace fabric
