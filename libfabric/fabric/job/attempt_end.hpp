#pragma once

#include "fabric/job/states.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// How an attempt ended, as the node reports it and the store keeps it.
namespace fabric {

struct attempt_end {
  outcome how = outcome::none;
  bool started = false;              ///< Whether the job's process ever existed.
  time_point started_at{};           ///< Process start; no_time if it never started.
  duration run_time{};               ///< From process start to the proof that the tree is gone.
  std::string reason;                ///< One sentence for `show`; empty when it succeeded.
  std::string report;                ///< The keeper's crash report, JSON; see fabric/exec/report.hpp.
  std::optional<std::string> result; ///< Valid compact JSON, at most 1 MiB; only if it succeeded.
  std::uint64_t spool_bytes = 0;     ///< Disk taken by the attempt's directory.
  bool saved = false; ///< It left a checkpoint: its run time is not thrown away. The lane takes that back
                      ///< for a demotion by restart.

  bool operator==(const attempt_end&) const = default;
};

} // namespace fabric
