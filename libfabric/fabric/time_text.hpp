#pragma once

#include "fabric/time.hpp"

#include <string>

/// Instants as text. Pure.
namespace fabric {

/// Returns RFC 3339 in UTC with milliseconds, "2026-01-02T03:04:05.678Z"; fractions of a millisecond are cut off.
/// Instants outside of the years 0001 .. 9999 are written as the nearest that RFC 3339 can express.
std::string format_time(time_point t);

} // namespace fabric
