#include "fabric/duration_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>

namespace fabric {

namespace {

struct unit {
  std::string_view name;
  std::int64_t micros;
};

/// Descending, as format_duration needs it.
constexpr std::array<unit, 5> units{
    {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}}};

tl::unexpected<error> malformed(std::string_view text) {
  constexpr std::size_t shown = 40;
  return fail(errc::bad_input,
              "\"" + std::string(text.substr(0, shown)) + "\" is not a duration such as 300ms, 60s, 5m, 2h or 7d");
}

} // namespace

expected<duration> parse_duration(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return malformed(text);
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, micros] : units) {
    if (suffix != name) continue;
    if (problem != std::errc{} || number > static_cast<std::uint64_t>(longest_duration.count() / micros))
      return fail(errc::bad_input, "a duration is at most 10 years (3650d)");
    return duration{static_cast<std::int64_t>(number) * micros};
  }
  return malformed(text);
}

std::string format_duration(duration d) {
  const std::int64_t whole = d.count() < 0 ? 0 : d.count() - d.count() % 1'000;
  if (whole == 0) return "0s";
  for (const auto& [name, micros] : units)
    if (whole % micros == 0) return std::to_string(whole / micros).append(name);
  return "0s"; // Not reached: `whole` is a multiple of the last unit.
}

} // namespace fabric
