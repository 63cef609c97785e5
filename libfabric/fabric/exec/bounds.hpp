#pragma once

#include <cstddef>
#include <cstdint>

/// Fixed bounds of running jobs. What an operator may change is in fabric/config. Instants and spans in microseconds.
namespace fabric::exec::bounds {

inline constexpr std::uint32_t records = 1024;           ///< Attempts held or not yet forgotten, per node.
inline constexpr std::uint32_t slots = 512;              ///< Keepers of one runner.
inline constexpr std::uint32_t free_directories = 256;   ///< Recycled attempt directories kept in `<spool>/free`.
inline constexpr std::size_t stderr_tail = 4096;         ///< Bytes of stderr in a report.
inline constexpr std::size_t stderr_lines = 20;          ///< Lines of stderr in a report.
inline constexpr std::size_t client_backlog = 64u << 20; ///< Unread bytes after which a fabricd is hung up on.

inline constexpr std::int64_t second = 1'000'000;
inline constexpr std::int64_t output_check = second / 5;       ///< Between two looks at the output files.
inline constexpr std::int64_t output_check_fast = second / 50; ///< The same while a file grows quickly.
inline constexpr std::int64_t soft_lease = 60 * second;        ///< Leases of this length get a soft signal at 80 %.
inline constexpr std::int64_t kill_again = second / 20;        ///< Between two rounds of SIGKILL.
inline constexpr std::int64_t leak_after = 10 * second;        ///< A tree that outlives SIGKILL by this leaks its slot.
inline constexpr std::int64_t drain_grace = 10 * second;       ///< For attempts when the runner gets SIGTERM.
inline constexpr std::int64_t old_keeper = 5 * second; ///< A keeper of a dead runner has this long to end its tree.
inline constexpr std::int64_t keeper_backoff = second / 10; ///< Doubles with each early death of a keeper.
inline constexpr std::int64_t keeper_backoff_max = 5 * second;

static_assert(slots <= records);

} // namespace fabric::exec::bounds
