#include "fabric/bytes_text.hpp"

#include <array>
#include <charconv>

namespace fabric {

namespace {

struct unit {
  std::string_view name;
  std::uint64_t bytes;
};

/// Descending, as format_bytes needs it; the last is a way to read, never to write.
constexpr std::array<unit, 6> units{
    {{"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1}, {"", 1}}};

tl::unexpected<error> malformed(std::string_view text) {
  constexpr std::size_t shown = 40;
  return fail(errc::bad_input,
              "\"" + std::string(text.substr(0, shown)) + "\" is not a size such as 512MiB, 64KiB, 1GiB or 100");
}

} // namespace

expected<std::uint64_t> parse_bytes(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return malformed(text);
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, bytes] : units) {
    if (suffix != name) continue;
    if (problem != std::errc{} || number > largest_size / bytes)
      return fail(errc::bad_input, "a size is at most 2^53 - 1 bytes");
    return number * bytes;
  }
  return malformed(text);
}

std::string format_bytes(std::uint64_t bytes) {
  for (const auto& [name, size] : units)
    if (bytes >= size && bytes % size == 0) return std::to_string(bytes / size).append(name);
  return "0B";
}

} // namespace fabric
