#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// Processes as /proc shows them. A process is named by (pid, start time): pids are used again.
namespace fabric::exec {

struct process {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  char state = '?';
  std::uint64_t start = 0; ///< Clock ticks since boot.

  /// Zombies hold nothing but their number.
  bool gone() const noexcept { return state == 'Z' || state == 'X'; }
};

/// nullopt if there is no such process.
std::optional<process> read_process(pid_t pid);

/// The number behind `name` in a text of /proc such as meminfo, in bytes; the kernel says it in KiB. nullopt if it is
/// not there.
std::optional<std::uint64_t> parse_kib(std::string_view text, std::string_view name);

/// Parses the text of /proc/PID/stat. nullopt if it is not one. The name in it may contain anything.
std::optional<process> parse_stat(std::string_view text);

std::vector<process> all_processes();

/// Every process below `root`, parents first, without those in `spare` and what is below them. Pure.
std::vector<process> descendants(std::span<const process> all, pid_t root, std::span<const pid_t> spare = {});

/// Whether exactly this process runs (not as a zombie).
bool alive(pid_t pid, std::uint64_t start);

/// Signals this process and no other that got its pid meanwhile. False if it is gone or may not be signalled.
bool signal_process(const process& who, int signal);

/// Whether the environment that the process was started with has this "NAME=value".
bool has_environment(pid_t pid, std::string_view entry);

} // namespace fabric::exec
