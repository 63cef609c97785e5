#include "fabric/lane/attempt_table.hpp"

#include <algorithm>

namespace fabric::lane {

live_attempt* attempt_table::find(fence_t fence) {
  const auto it = by_fence_.find(fence);
  return it == by_fence_.end() ? nullptr : &it->second;
}

live_attempt* attempt_table::of_job(job_id job) {
  const auto it = by_job_.find(job);
  auto* const found = it == by_job_.end() ? nullptr : find(it->second);
  return found != nullptr && found->phase != attempt_phase::ending ? found : nullptr;
}

live_attempt& attempt_table::add(fence_t fence, job_id job) {
  auto& a = by_fence_[fence];
  a.fence = fence;
  a.job = job;
  auto& newest = by_job_[job];
  newest = std::max(newest, fence);
  return a;
}

void attempt_table::erase(fence_t fence) {
  const auto it = by_fence_.find(fence);
  if (it == by_fence_.end()) return;
  const auto newest = by_job_.find(it->second.job);
  if (newest != by_job_.end() && newest->second == fence) by_job_.erase(newest);
  by_fence_.erase(it);
}

std::uint64_t attempt_table::running() const {
  return static_cast<std::uint64_t>(std::count_if(
      by_fence_.begin(), by_fence_.end(), [](const auto& item) { return item.second.phase != attempt_phase::ending; }));
}

} // namespace fabric::lane
