#include "fabric/exec/available_memory.hpp"

#include "fabric/exec/proc.hpp"
#include "fabric/exec/system.hpp"

namespace fabric::exec {

std::optional<std::uint64_t> parse_available_memory(std::string_view meminfo) {
  return parse_kib(meminfo, "MemAvailable:");
}

std::optional<std::uint64_t> available_memory() {
  const auto text = read_file("/proc/meminfo", 4096);
  return text ? parse_available_memory(*text) : std::nullopt;
}

} // namespace fabric::exec
