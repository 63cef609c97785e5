#pragma once

#include "fabric/config/rules.hpp"

#include <cstddef>
#include <cstdint>

/// Fixed bounds of running jobs. What an operator may change is in fabric/config. Instants and spans in microseconds.
namespace fabric::exec::bounds {

inline constexpr std::uint32_t records = 1024;            ///< Attempts held or not yet forgotten, per node.
inline constexpr std::uint32_t slots = config::slots_max; ///< Keepers of one runner.
inline constexpr std::uint32_t free_directories = 256;    ///< Recycled attempt directories kept in `<spool>/free`.
inline constexpr std::size_t stderr_tail = 4096;          ///< Bytes of stderr in a report.
inline constexpr std::size_t stderr_lines = 20;           ///< Lines of stderr in a report.
inline constexpr std::size_t ends_at_once = 4u << 20;     ///< Unread bytes up to which a hello's ends are sent on.
inline constexpr std::size_t client_backlog = 64u << 20;  ///< Unread bytes after which a fabricd is hung up on.

inline constexpr std::int64_t second = 1'000'000;
inline constexpr std::int64_t announce_after = second / 100;   ///< A job that ends sooner is not said to have started.
inline constexpr std::int64_t output_check = second / 5;       ///< Between two looks at the output files.
inline constexpr std::int64_t output_check_fast = second / 50; ///< The same while a file grows quickly.
inline constexpr std::int64_t limit_check = second / 5;        ///< Between two samples of a tree with limits,
inline constexpr std::int64_t limit_check_fast = second / 50;  ///< when it grows quickly, and before the first.
inline constexpr std::size_t sampled_processes = 10'000;       ///< More of one tree are not looked at.
inline constexpr std::size_t progress_lines = 10;              ///< Of a job's progress that are kept in any second.
inline constexpr std::size_t progress_line = 4096;             ///< Bytes; the rest of a longer line is cut off.
inline constexpr std::int64_t progress_pace = second / 2;      ///< Between two messages of what is new in it.
inline constexpr std::int64_t flood_pause = second / 500;      ///< A pipe that was found full is left alone so long.
/// Leases of this length get a soft signal at 80 %: those of 60 s, less what the renewal was on its way.
inline constexpr std::int64_t soft_lease = 55 * second;
inline constexpr std::int64_t kill_again = second / 20;       ///< Between two rounds of SIGKILL.
inline constexpr std::int64_t kill_cgroup_after = second / 2; ///< A tree that outlives SIGKILL by this is killed whole.
inline constexpr std::int64_t frozen_after = second / 2;      ///< A keeper this late for the end of a lease is killed,
inline constexpr std::int64_t deaf_after = 5 * second;        ///< and one this late for the end of a grace period.
inline constexpr std::int64_t leak_after = 10 * second;       ///< A tree that outlives SIGKILL by this leaks its slot.
inline constexpr std::int64_t drain_grace = 10 * second;      ///< For attempts when the runner gets SIGTERM.
inline constexpr std::int64_t old_keeper = 5 * second;    ///< A keeper of a dead runner has this long to end its tree.
inline constexpr std::int64_t prune_slice = second / 500; ///< Spent on deleting between two looks at the sockets.
inline constexpr std::int64_t grace_max = std::int64_t{1} << 50;
inline constexpr std::int64_t keeper_backoff = second / 10; ///< Doubles with each early death of a keeper.
inline constexpr std::int64_t keeper_backoff_max = 5 * second;

static_assert(slots <= records);

} // namespace fabric::exec::bounds
