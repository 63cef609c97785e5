#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// The states of a job and the outcomes of its attempts.
///
///     waiting --> scheduled --due--> ready --lease--> running --> succeeded
///                     ^                ^                 |------> buried      (a cap was reached)
///                     |                |                 '------> cancelled
///                     |                '--- demoted, lost, drained, checkpointed
///                     '--- failed, crashed, timed_out (backoff), memory_exceeded
///
///     buried --kick--> ready;   every state that is not final --cancel--> cancelled
///
/// A new job without a delay begins `ready`. Behind others of its ordering key a new or a kicked job is `waiting`
/// first, and from there goes on to `scheduled`, if its delay is not over, or to `ready`.
///
/// The values are on disk and on the wire: append, never renumber.
namespace fabric {

enum class job_state : std::uint8_t {
  waiting = 1,   ///< For earlier jobs of its ordering key to end; in no lane until then.
  scheduled = 2, ///< Until `run_at`: a delay or a backoff.
  ready = 3,     ///< May be leased now.
  running = 4,   ///< An attempt is leased; `fence` names it.
  succeeded = 5, ///< Final.
  buried = 6,    ///< Given up on, kept for an operator. Final unless kicked.
  cancelled = 7, ///< Final.
};

enum class outcome : std::uint8_t {
  none = 0,            ///< The attempt has not ended.
  succeeded = 1,       ///< Exit 0 (or a handler's return) with a valid result or none.
  failed = 2,          ///< Another exit code, a bad result, or the command could not be built from the input.
  timed_out = 3,       ///< Over the wall-time limit, or over a budget whose lane says `fail`.
  demoted = 4,         ///< Over the lane's budget; goes on in another lane.
  checkpointed = 5,    ///< Exit code 85: saved, run me again (HTCondor's convention).
  memory_exceeded = 6, ///< Over the memory limit.
  crashed = 7,         ///< Ended by a signal that the fabric did not send.
  lost = 8,            ///< The lease ended, or the node's runner says the attempt is gone, without a report.
  drained = 9,         ///< Handed back by a node that stops, or refused by it before it ran. Costs nothing.
  cancelled = 10,      ///< Stopped on request.
};

constexpr bool is_final(job_state s) noexcept { return s >= job_state::succeeded; }

/// Whether a job's lane has it: it has not ended, and waits for no other job.
constexpr bool is_in_lane(job_state s) noexcept { return s > job_state::waiting && !is_final(s); }

std::string_view to_string(job_state s) noexcept;
std::string_view to_string(outcome o) noexcept;
std::optional<job_state> job_state_from(std::string_view name) noexcept;
std::optional<outcome> outcome_from(std::string_view name) noexcept;

} // namespace fabric
