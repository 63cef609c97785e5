#pragma once

#include "fabric/config/config.hpp"
#include "fabric/job/job.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <vector>

/// Which attempts' directories a node's spool need not keep any longer. Pure.
namespace fabric::node {

/// The directory of one attempt (or, as attempt 0, of the checkpoints) of a job that is final, or that the store no
/// longer knows.
struct spool_entry {
  job_id job = 0;
  std::uint32_t attempt = 0;
  std::uint64_t bytes = 0; ///< On disk.
  time_point changed{};    ///< When its last file was written.

  bool operator==(const spool_entry&) const = default;
};

/// The whole spool, running attempts included.
struct spool_totals {
  std::uint64_t bytes = 0;
  std::uint64_t free_inodes = 0; ///< Of its file system.
};

/// Inodes that one attempt's directory takes, at least: itself, input, stdout, stderr.
inline constexpr std::uint64_t inodes_per_attempt = 4;

/// Returns what goes, oldest first: all older than `age`; then as many as it takes to hold at most `bytes` and to have
/// `inodes_low` free inodes. @param finished in any order.
std::vector<spool_entry> spool_surplus(std::vector<spool_entry> finished, spool_totals all, const config::spool& limits,
                                       time_point now);

} // namespace fabric::node
