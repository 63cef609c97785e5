#pragma once

#include "fabric/lane/names.hpp"
#include "fabric/node/orders.hpp"
#include "fabric/policy/lane_policy.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

/// The attempts a lane knows of: leased, running, or with their end on the way to the store.
namespace fabric::lane {

enum class attempt_phase : std::uint8_t {
  leased,  ///< Committed, known from the feed or a page only: no start has left this lane.
  started, ///< A start has left; see `answered`.
  ending,  ///< Its slot is free; the store is asked to end it.
};

struct live_attempt {
  fence_t fence = 0;
  job_id job = 0;
  std::uint64_t version = 0; ///< Of the row as last seen.
  std::string node;
  name_id job_class = 0;
  std::uint32_t failures = 0; ///< Of the job, before this attempt.
  policy::job_facts facts;
  std::uint64_t lease_seq = 0; ///< Of the want before the lease: the node counts the lease from when it sent that one.
  attempt_phase phase = attempt_phase::leased;
  bool own = false;                            ///< Leased by this machine, so it alone sends the start.
  bool answered = false;                       ///< The node holds it, so the start arrived.
  bool ran = false;                            ///< Its process has existed.
  bool absent = false;                         ///< The node's newest complete list does not have it.
  bool cancelled = false;                      ///< A client asked.
  bool confirmed = false;                      ///< Seen in the store since the lane was opened.
  std::uint64_t start_boot = 0, start_seq = 0; ///< The want that the last start answered.
  std::uint32_t number = 0;
  std::string input;   ///< Until answered.
  std::string kept_on; ///< See start_order; the same.
  duration kept_work{};
  stop_reason stopping = stop_reason::none;
  std::optional<policy::timeout_decision> decision; ///< Of the policy, when its budget ran out.
  std::optional<time_point> began;                  ///< Its process, as far as is known.
  std::optional<time_point> deadline;               ///< End of its budget.
  duration ran_before{};                            ///< In other lanes; 0: it was not carried here.
};

class attempt_table {
public:
  live_attempt* find(fence_t fence);
  /// The newest attempt of a job that is not ending.
  live_attempt* of_job(job_id job);
  live_attempt& add(fence_t fence, job_id job);
  void erase(fence_t fence);

  auto begin() { return by_fence_.begin(); }
  auto end() { return by_fence_.end(); }
  std::uint64_t running() const; ///< Not counting those that are ending.

private:
  std::map<fence_t, live_attempt> by_fence_;
  std::unordered_map<job_id, fence_t> by_job_; ///< The newest.
};

} // namespace fabric::lane
