#pragma once

#include <chrono>

/// The fabric's one clock, as values. Nothing here reads a clock.
///
/// A process reads the wall clock once, at its start, and from then on adds what CLOCK_BOOTTIME says has passed: its
/// `now` never jumps with the wall clock, yet can be stored and compared after a restart.
namespace fabric {

using duration = std::chrono::microseconds;
using time_point = std::chrono::sys_time<duration>; ///< UTC, microseconds since 1970.

using namespace std::chrono_literals;

/// Means "never" or "not yet" wherever a time_point is optional in a stored row.
inline constexpr time_point no_time{};

} // namespace fabric
