#include "fabric/store/engine.hpp"

namespace fabric::store {

namespace {

std::uint64_t live_jobs(const lane_record& lane) {
  std::uint64_t sum = 0;
  for (const auto state : {job_state::waiting, job_state::scheduled, job_state::ready, job_state::running})
    sum += lane.jobs[static_cast<std::size_t>(state)];
  return sum;
}

} // namespace

answer engine::on(const know_lanes& op) {
  answer reply;
  std::string words;
  for (const auto& [name, lane] : numbers_.lanes) {
    const auto live = live_jobs(lane);
    if (live == 0 || op.lanes.contains(name)) continue;
    words += (words.empty() ? "" : " and ") + std::to_string(live) + (live == 1 ? " job" : " jobs") + " in " + name;
  }
  if (!words.empty())
    reply.failure = error{errc::wrong_state, "a lane with jobs cannot be removed; there are " + words, "/lanes"};
  else if (!op.only_check)
    numbers_.known_lanes = op.lanes;
  return reply;
}

} // namespace fabric::store
