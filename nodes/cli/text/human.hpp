#pragma once

#include "fabric/time.hpp"

#include <cstdint>
#include <string>

/// Numbers for people; JSON has the exact ones. Pure.
namespace fabric::cli {

/// "-" for 0 and less, then "12 ms", "3.2 s", "59 s" becomes "59.0 s", "4 min 10 s", "3 h 20 min", "2 d 5 h".
std::string human_duration(duration d);

/// How long ago `then` was: "now" (also for instants that lie ahead by skewed clocks), "5 s ago", "2 min ago",
/// "3 h ago", "9 d ago"; "-" for no_time.
std::string human_age(time_point then, time_point now);

/// How far ahead `then` is: "now", "in 3.2 s", "in 4 min 10 s".
std::string human_until(time_point then, time_point now);

/// With a thin separator between thousands: "1,234,567".
std::string human_count(std::uint64_t n);

/// "512 B", "300 MiB", "1.5 GiB": in the largest unit, with a fraction below ten of it.
std::string human_bytes(std::uint64_t n);

} // namespace fabric::cli
