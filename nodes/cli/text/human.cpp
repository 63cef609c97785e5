#include "nodes/cli/text/human.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace fabric::cli {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::string two_units(std::int64_t large, const char* large_unit, std::int64_t small, const char* small_unit) {
  if (small == 0) return fmt::format("{} {}", large, large_unit);
  return fmt::format("{} {} {} {}", large, large_unit, small, small_unit);
}

} // namespace

std::string human_duration(duration d) {
  if (d <= duration::zero()) return "-";
  if (d < 1ms) return "<1 ms";
  if (d < 1s) return fmt::format("{} ms", floor<milliseconds>(d).count());
  if (d < 1min) return fmt::format("{:.1f} s", static_cast<double>(floor<milliseconds>(d).count() / 100) / 10.0);
  if (d < 1h) return two_units(floor<minutes>(d).count(), "min", floor<seconds>(d % 1min).count(), "s");
  if (d < 24h) return two_units(floor<hours>(d).count(), "h", floor<minutes>(d % 1h).count(), "min");
  return two_units(floor<days>(d).count(), "d", floor<hours>(d % 24h).count(), "h");
}

std::string human_age(time_point then, time_point now) {
  if (then == no_time) return "-";
  const auto age = now - then;
  if (age < 1s) return "now";
  if (age < 1min) return fmt::format("{} s ago", floor<seconds>(age).count());
  if (age < 1h) return fmt::format("{} min ago", floor<minutes>(age).count());
  if (age < 48h) return fmt::format("{} h ago", floor<hours>(age).count());
  return fmt::format("{} d ago", floor<days>(age).count());
}

std::string human_until(time_point then, time_point now) {
  return then <= now ? "now" : "in " + human_duration(then - now);
}

std::string human_count(std::uint64_t n) {
  auto digits = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

std::string human_bytes(std::uint64_t n) {
  static constexpr std::array<const char*, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(n);
  std::size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < units.size(); ++unit) amount /= 1024;
  const bool whole = amount >= 10 || amount == std::floor(amount);
  return whole ? fmt::format("{:.0f} {}", amount, units[unit]) : fmt::format("{:.1f} {}", amount, units[unit]);
}

} // namespace fabric::cli
