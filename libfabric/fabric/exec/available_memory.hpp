#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// What this host could still give to new processes, as the kernel estimates it.
namespace fabric::exec {

/// Bytes after "MemAvailable:" in the text of /proc/meminfo; nullopt without that. Pure.
std::optional<std::uint64_t> parse_available_memory(std::string_view meminfo);

/// The same of this host, now.
std::optional<std::uint64_t> available_memory();

} // namespace fabric::exec
