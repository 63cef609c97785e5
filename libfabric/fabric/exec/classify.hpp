#pragma once

#include "fabric/job/attempt_end.hpp"
#include "fabric/node/orders.hpp"

#include <cstdint>
#include <string>

/// What an ended process means. Pure.
namespace fabric::exec {

/// Exit code that means "I saved a checkpoint, run me again" (HTCondor's convention).
inline constexpr int checkpoint_exit = 85;

/// Everything the keeper knows when the tree is gone.
struct ending {
  std::string launch_error; ///< Why the command could not be executed; then nothing else counts.
  int wait_status = 0;      ///< Of the main process, as waitpid gives it.
  stop_reason stopped = stop_reason::none;
  std::string bad_result; ///< Why the result file is not a result; empty if it is one or there is none.
};

struct verdict {
  outcome how = outcome::none;
  std::string reason; ///< One sentence; empty for succeeded.

  bool operator==(const verdict&) const = default;
};

/// In this order: a command that could not be executed failed; exit 0 with a valid result or none succeeded, whatever
/// stop was under way; a stop decides (budget: demoted, cancel: cancelled, drain: drained, wall, stall and cpu:
/// timed_out; memory: memory_exceeded, processes: failed; lease, unknown, abandoned: lost); a bad result failed; exit
/// 85 is checkpointed; a signal that nobody sent is crashed; any other exit code failed.
verdict classify(const ending& e);

/// The outcome of an attempt that a stop ended. @pre why is not none (asserted).
outcome outcome_of_stop(stop_reason why);

} // namespace fabric::exec
