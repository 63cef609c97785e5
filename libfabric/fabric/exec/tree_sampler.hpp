#pragma once

#include "fabric/exec/limit_watch.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// What the processes below one take, read from /proc: for where no cgroup counts it.
///
/// Memory is the sum of the resident sets, which counts a page once in each process that maps it; taken exactly it is
/// the sum of the proportional ones (PSS). Neither knows of files in memory that nobody has mapped. CPU time of a child
/// whose parent ignores SIGCHLD is lost with it, as everywhere in Linux.
namespace fabric::exec {

/// From the text of /proc/PID/stat.
struct process_usage {
  std::uint64_t rss_pages = 0;
  std::uint64_t threads = 0;
  std::uint64_t cpu_ticks = 0; ///< Its own and its reaped children's.
};

/// nullopt if it is not such a text. Pure.
std::optional<process_usage> parse_usage(std::string_view stat);

/// Bytes after "Pss:" in the text of /proc/PID/smaps_rollup; nullopt without that. Pure.
std::optional<std::uint64_t> parse_pss(std::string_view rollup);

/// The processes below `root`, as /proc's lists of children name them; not more than `max`.
std::vector<pid_t> pids_below(pid_t root, std::size_t max);

/// All that lives below `root`. Processes beyond `processes_max` are not looked at.
/// @param reaped_us CPU time of what `root` has reaped.
tree_sample sample_tree(pid_t root, std::int64_t reaped_us, bool exactly, std::size_t processes_max);

} // namespace fabric::exec
