#pragma once

#include "fabric/job/attempt_end.hpp"
#include "fabric/job/job.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// What a lane and a worker say to each other. All one-way and repeatable; state, not promises.
namespace fabric {

/// Why an attempt is to be stopped. On the runner's wire: append, never renumber.
enum class stop_reason : std::uint8_t {
  none = 0,
  budget = 1,     ///< Outstayed the lane's budget: ends as `demoted` (or timed_out where there is no lane to go to).
  cancel = 2,     ///< A client asked.
  drain = 3,      ///< The node stops.
  lease = 4,      ///< Its lease ended.
  unknown = 5,    ///< The cell does not know this fence (any more).
  wall = 6,       ///< Over the class's wall-time limit (the runner's own decision).
  abandoned = 7,  ///< The keeper lost its runner.
  memory = 8,     ///< Over the class's memory limit; like the next two the keeper's own decision.
  cpu = 9,        ///< Over its limit of CPU time.
  processes = 10, ///< Over its number of processes.
  stall = 11      ///< Said nothing of its progress for the class's stall_timeout.
};
inline constexpr auto last_stop_reason = stop_reason::stall;

std::string_view to_string(stop_reason why) noexcept;

/// Lane -> worker: run this attempt. Repeated until answered by started, refused or ended.
struct start_order {
  fence_t fence = 0;
  job_id job = 0;
  std::uint32_t attempt = 0;
  std::string job_class;
  std::string lane;
  std::string input; ///< Compact JSON.
  duration lease{};  ///< Counts from when the worker sent the want numbered `want_seq`.
  std::uint64_t want_seq = 0;
  std::string kept_on{}; ///< The node that has what earlier attempts left; empty: nothing is to be found.
  duration kept_work{};  ///< What they ran for that.
};

/// Lane -> worker: soft signal now, kill `grace` later, report when the tree is gone.
struct stop_order {
  fence_t fence = 0;
  stop_reason why = stop_reason::none;
  duration grace{};
};

/// Lane -> worker: this attempt, which you or another worker of your node holds, is mine now: it was carried here.
/// Repeated until answered by started, ended or absent.
struct take_order {
  fence_t fence = 0;
  job_id job = 0;
  std::uint64_t version = 0; ///< Of the job's row, as the lane knows it: of two lanes that want it, the newer has it.
};

/// An attempt that the node holds, as it tells after a (re)connection.
struct held_attempt {
  fence_t fence = 0;
  job_id job = 0;
  std::uint32_t attempt = 0;
  duration ran{};   ///< Since process start.
  std::string lane; ///< For the node to find the worker; the runner keeps it with the attempt.
};

/// What a running attempt has said of its progress, for those who ask its node.
struct seen_progress {
  std::string state; ///< JSON: that of job/progress.hpp, of a process also its counts of lines.
  duration age{};    ///< Since it said so.
};

/// Worker -> lane: everything this worker can do now. The newest replaces the older.
struct want {
  std::string node;
  std::string worker;
  std::uint64_t boot = 0;           ///< One per start of the node's fabricd.
  std::uint64_t seq = 0;            ///< Grows within a boot.
  std::uint32_t slots = 0;          ///< Attempts it may hold at once; 0 while it drains.
  std::vector<std::string> classes; ///< Classes it can run, sorted.
  bool held_known = false;          ///< The runner's list is complete in `held`; false until the runner has said hello.
  std::vector<held_attempt> held;   ///< All that the node holds of this lane; a finished one until it is forgotten.
};

/// Worker -> lane.
struct attempt_started {
  fence_t fence = 0;
  duration ran{}; ///< Since process start, when this was sent.
};
struct attempt_refused {
  fence_t fence = 0;
  std::string why; ///< The attempt has not run and will not; nothing is counted.
};
struct attempt_absent {
  fence_t fence = 0; ///< No worker of the node holds it. Answers a take_order.
};
struct attempt_ended {
  fence_t fence = 0;
  job_id job = 0;
  stop_reason stopped = stop_reason::none; ///< Set if a stop had reached the attempt before it ended.
  attempt_end end; ///< For stopped == budget, `how` is demoted; the lane may turn it into timed_out.
  std::uint32_t attempt = 0;
  std::string lane; ///< As in held_attempt.
};

} // namespace fabric
