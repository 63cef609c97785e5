#pragma once

#include "fabric/error.hpp"
#include "fabric/job/attempt_end.hpp"
#include "fabric/job/job.hpp"

#include <optional>
#include <string>

/// Every way a job may change, as pure functions of its row. The stores call them inside their transaction, so the
/// rule about jobs stands here once. Each returns the row as it is to be written, with `version` one higher, or
/// errc::wrong_state / errc::stale and nothing changes.
namespace fabric {

/// What a lease fixes. `fence` comes from the store's counter.
struct lease_terms {
  fence_t fence = 0;
  std::string node;
  duration length{};
};

/// Where a running attempt is carried to.
struct carry_terms {
  std::string to_lane;
  duration ran{};               ///< Since process start, as far as is known; at least 1 us.
  std::uint32_t lane_count = 1; ///< As in end_decision.
};

/// What the lane decided about the job's future, used by `apply_end` only where the outcome asks for it.
struct end_decision {
  std::string move_to;          ///< Lane for `demoted`; empty: the lane has no way out and the job counts as timed_out.
  std::uint32_t lane_count = 1; ///< Lanes configured: the cap on demotions.
  duration retry_after{};       ///< From the commit of the end to the next attempt; failed, crashed, timed_out.

  bool operator==(const end_decision&) const = default;
};

/// What its ordering key says of a job that comes to the end of the key's line, or is the first in it now. For a job
/// without a key all stays as it is by default.
struct line_terms {
  bool waits = false;           ///< A job of the key that has not ended comes before it.
  time_point free_at = no_time; ///< Until then an attempt that a buried job of the key left behind may run.
};

/// A new row in its first state: waiting; scheduled, until its `run_at` or line.free_at; or ready.
job apply_submit(job fresh, const line_terms& line, time_point now);

/// ready -> running. @pre terms.fence > 0 (asserted). Counts the attempt number.
expected<job> apply_lease(const job& before, const lease_terms& terms);

/// running -> whatever the outcome and the caps say. The caller has checked that `end` carries the job's fence.
/// A requested cancel wins over everything but `succeeded`. Without a cancel:
///   succeeded              -> succeeded
///   failed crashed timed_out -> scheduled for retry_after; buried at max_attempts
///   memory_exceeded        -> buried (cap 1)
///   lost                   -> ready; counted, and buried at 5, only if the attempt had started
///   demoted                -> ready in move_to with `demoted_order`; buried at lane_count demotions. Ended so by a
///                             lane that did not know yet of the carry to move_to: ready there, not counted again
///   checkpointed           -> ready, keeping its place; buried at 1,000
///   drained                -> ready; nothing counted
///   cancelled              -> cancelled
/// A condemned job (apply_lane_death) is buried by every end but `succeeded`.
/// demoted, lost and drained add the run time to `wasted`, unless something was saved.
expected<job> apply_end(const job& before, const attempt_end& end, const end_decision& decision,
                        std::uint64_t demoted_order, time_point now);

/// running -> running in another lane, with the same attempt, fence and lease: a demotion of which nothing is lost.
/// Counts it and sets `demoted_order`. errc::wrong_state also if it is to be stopped anyway, or if this demotion would
/// bury it.
expected<job> apply_carry(const job& before, const carry_terms& terms, std::uint64_t demoted_order);

/// How much work the end of an attempt threw away. `after` is what apply_end made of `before`.
duration wasted_by_end(const job& before, const job& after);

/// ready -> ready in another lane: overflow (sets overflow_from to the old lane) or its hand-back (clears it).
expected<job> apply_move(const job& before, const std::string& to_lane, bool overflow);

/// scheduled -> ready. errc::wrong_state when run_at is later than now.
expected<job> apply_due(const job& before, time_point now);

/// waiting, scheduled, ready -> cancelled at once; running -> running with cancel_requested. errc::wrong_state if
/// final.
expected<job> apply_cancel(const job& before, const std::string& reason, time_point now);

/// buried -> ready, or what else `line` says, with its counts and reason cleared. errc::wrong_state otherwise, and
/// while a lease under which the job was buried may not be over yet: its old attempt could run beside the new one.
expected<job> apply_kick(const job& before, const line_terms& line, time_point now);

/// waiting -> ready, or scheduled while its own delay is not over (or line.free_at not come): it is the first of its
/// key that has not ended. @pre not line.waits (asserted).
expected<job> apply_release(const job& before, const line_terms& line, time_point now);

/// Whether the later jobs of its key look at it: it has a key, and has not ended or may have left an attempt behind.
bool is_in_line(const job& j);

/// The instant until which an attempt that a job left behind when it was buried may run; no_time: none does.
time_point left_until(const job& j);

/// A lane actor died while it handled this job: counts it and buries at 2. A running one is only condemned then, since
/// its attempt lives on under its lease: the lane has it stopped without thinking about it, and its end buries it. A
/// job over which a lane dies even so is buried at once, at 3: nobody can end its attempt. The node is told to stop
/// what the cell no longer knows; node and lease stay in the row until the attempt is known to be gone (apply_gone).
expected<job> apply_lane_death(const job& before, time_point now);

/// Whether the job's running attempt is to be stopped and the job buried. See apply_lane_death.
bool is_condemned(const job& j);

/// The attempt that a buried job left behind has ended: a kick need not wait for its lease. errc::wrong_state if
/// nothing was left behind.
expected<job> apply_gone(const job& before);

/// What its attempts left is thrown away, by a client's wish: the next one starts with nothing. @pre nothing runs.
job apply_reset(const job& before);

/// The running attempt starts with nothing: what the ones before it left could not be had. The work in that is wasted.
/// errc::wrong_state unless running.
expected<job> apply_start_over(const job& before);

/// The lease was lengthened to `length`. errc::wrong_state unless running.
expected<job> apply_extend(const job& before, duration length);

} // namespace fabric
