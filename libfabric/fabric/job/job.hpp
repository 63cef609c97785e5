#pragma once

#include "fabric/job/spec.hpp"
#include "fabric/job/states.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <map>
#include <string>

/// A job and its attempts, as stored. Pure values.
namespace fabric {

using job_id = std::uint64_t;  ///< From 1, given at submission, only grows, never reused.
using fence_t = std::uint64_t; ///< From 1, one per lease, store-wide, only grows. 0 means none.

/// How often each kind of end has happened to a job since it was submitted or last kicked. The caps on them are in
/// fabric/job/transitions.hpp.
struct attempt_counts {
  std::uint32_t failures = 0; ///< failed + crashed + timed_out; capped by the job's max_attempts.
  std::uint32_t memory = 0;   ///< memory_exceeded.
  std::uint32_t lost = 0;     ///< lost after it had started.
  std::uint32_t demoted = 0;
  std::uint32_t checkpointed = 0;

  bool operator==(const attempt_counts&) const = default;
};

/// One row of the table `jobs`.
struct job {
  job_id id = 0;
  std::string job_class;
  std::string lane; ///< The lane it is in now, or was in last.
  job_state state = job_state::ready;
  std::uint32_t priority = default_priority;
  std::uint64_t version = 1;       ///< Grows by one with each committed change; the compare-and-set token.
  std::uint64_t demoted_order = 0; ///< 0 unless demoted; then its place among all demotions of the store.
  std::string overflow_from;       ///< Set while another lane's idle slot has taken it: the lane to go back to.
  time_point run_at{};             ///< Meaningful while `scheduled`; while `waiting`: when its own delay is over.
  time_point submitted_at{};
  time_point finished_at{};  ///< Meaningful in a final state.
  fence_t fence = 0;         ///< Of the running attempt; of the last one otherwise.
  std::uint32_t attempt = 0; ///< Number of the last attempt; 0 before the first.
  std::uint32_t max_attempts = 3;
  attempt_counts counts;
  std::string idempotency_key; ///< Empty when none was given.
  std::string owner;
  std::map<std::string, std::string> labels;
  std::string reason;            ///< Why it is buried or cancelled, or why the last attempt did not succeed.
  bool cancel_requested = false; ///< A client asked while it was running.
  std::string node;              ///< Of the running attempt; of a buried job: where one may still run.
  duration lease{};              ///< Committed length of that attempt's lease.
  std::uint32_t lane_deaths = 0; ///< Lane actors that died while handling this job. See apply_lane_death.
  duration wasted{};             ///< Work thrown away by demotions, losses and hand-backs.
  duration ran_before{};         ///< What the running attempt had run when it was carried into its lane; 0: it was not.
  std::string kept_on;           ///< The node that has what its attempts so far left in the checkpoint directory.
  duration kept_work{};          ///< What they ran for that: thrown away if it is not found there.
  std::string ordering_key;      ///< Empty when none was given.
  std::uint64_t key_order = 0; ///< 0 without a key; else its place among the jobs of its key: its id, or from a kick on
                               ///< a number taken from the jobs' counter then.

  bool operator==(const job&) const = default;
};

/// Where a waiting job stands among the jobs of its ordering key.
struct key_line {
  job_id first = 0; ///< The one that runs, or comes next: the first that has not ended.
  job_state first_state = job_state::ready;
  std::uint64_t ahead = 0; ///< Jobs before it, the first included.

  bool operator==(const key_line&) const = default;
};

/// One row of the table `attempts`. `report` is the keeper's JSON, empty until the end.
struct attempt {
  job_id job = 0;
  std::uint32_t number = 0; ///< From 1 within its job.
  fence_t fence = 0;
  std::string node;
  std::string worker; ///< Name of the worker on the node, for example "fast@a1".
  std::string lane;   ///< The last of its lanes, where it was carried.
  time_point leased_at{};
  time_point started_at{}; ///< Process start as the runner measured it; no_time if it never started.
  time_point ended_at{};   ///< no_time while it runs.
  outcome ended_as = outcome::none;
  duration run_time{}; ///< From process start to the proof that the tree is gone.
  std::string report;
  bool saved = false; ///< It left a checkpoint that the next attempt goes on from; see attempt_end::saved.

  bool operator==(const attempt&) const = default;
};

} // namespace fabric
