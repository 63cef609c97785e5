#pragma once

#include <cstdint>

/// What an attempt may take, as its class says, beside wall time and output. 0 everywhere: no limit.
namespace fabric::node {

struct attempt_limits {
  std::uint64_t memory = 0;        ///< Bytes of the whole tree.
  std::int64_t cpu_us = 0;         ///< User and system time of the whole tree.
  std::uint64_t processes = 0;     ///< Processes and threads that the whole tree may have at once.
  std::uint64_t files = 0;         ///< Open files of each process.
  std::uint64_t file_size = 0;     ///< Bytes of each file that it writes.
  std::uint64_t address_space = 0; ///< Bytes of address space of each process.

  bool operator==(const attempt_limits&) const = default;
};

/// Whether somebody has to watch the tree; the other limits the kernel keeps by itself.
constexpr bool watched(const attempt_limits& l) noexcept { return l.memory != 0 || l.cpu_us != 0 || l.processes != 0; }

} // namespace fabric::node
