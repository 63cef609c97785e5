#include "fabric/exec/available_memory.hpp"

#include "fabric/exec/system.hpp"

#include <algorithm>
#include <charconv>

namespace fabric::exec {

std::optional<std::uint64_t> parse_available_memory(std::string_view meminfo) {
  constexpr std::string_view name = "MemAvailable:";
  const auto at = meminfo.find(name);
  if (at == meminfo.npos) return std::nullopt;
  auto rest = meminfo.substr(at + name.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::uint64_t kib = 0;
  if (std::from_chars(rest.data(), rest.data() + rest.size(), kib).ec != std::errc{}) return std::nullopt;
  return kib * 1024;
}

std::optional<std::uint64_t> available_memory() {
  const auto text = read_file("/proc/meminfo", 4096);
  return text ? parse_available_memory(*text) : std::nullopt;
}

} // namespace fabric::exec
