#include "fabric/store/counts.hpp"

namespace fabric::store {

tl::unexpected<error> no_job(job_id id) { return fail(errc::not_found, "no job " + std::to_string(id)); }

lane_counts counts_of(const std::string& lane, const state_totals& jobs) {
  const auto of = [&](job_state state) { return jobs[static_cast<std::size_t>(state)]; };
  lane_counts counts;
  counts.lane = lane;
  counts.waiting = of(job_state::waiting);
  counts.scheduled = of(job_state::scheduled);
  counts.ready = of(job_state::ready);
  counts.running = of(job_state::running);
  counts.succeeded = of(job_state::succeeded);
  counts.buried = of(job_state::buried);
  counts.cancelled = of(job_state::cancelled);
  return counts;
}

} // namespace fabric::store
