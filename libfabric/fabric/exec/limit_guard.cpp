#include "fabric/exec/limit_guard.hpp"

#include "fabric/exec/bounds.hpp"
#include "fabric/exec/tree_sampler.hpp"

#include <unistd.h>

#include <algorithm>

namespace fabric::exec {

limit_guard::limit_guard(const node::attempt_limits& limits, const std::string& slot) : limits_(limits) {
  if (!slot.empty() && watched(limits)) cgroup_ = attempt_cgroup(slot, limits);
}

tree_sample limit_guard::sample(const usage_totals& reaped, bool exactly) const {
  const bool kernel_knows = (limits_.memory == 0 || cgroup_.keeps_memory()) &&
                            (limits_.processes == 0 || cgroup_.keeps_processes()) &&
                            (limits_.cpu_us == 0 || cgroup_.any());
  tree_sample now;
  if (!kernel_knows)
    now = sample_tree(::getpid(), reaped.user_us + reaped.system_us, exactly, bounds::sampled_processes);
  cgroup_.correct(now);
  return now;
}

stop_reason limit_guard::look(const usage_totals& reaped, std::int64_t now) {
  auto found = watch_.see(sample(reaped, false), now);
  if (found.measure_exactly) found = watch_.see(sample(reaped, true), now);
  return found.stop;
}

stop_reason limit_guard::look_back() {
  if (!cgroup_.any()) return stop_reason::none;
  tree_sample last;
  cgroup_.correct(last);
  const auto over = watch_.see(last, due()).stop;
  return over == stop_reason::cpu ? stop_reason::none : over;
}

limit_readings limit_guard::readings(const usage_totals& reaped) const {
  limit_readings r;
  const auto& peaks = watch_.peaks();
  r.memory_by = cgroup_.keeps_memory() ? enforced_by::cgroup : enforced_by::sampling;
  r.processes_by = cgroup_.keeps_processes() ? enforced_by::cgroup : enforced_by::sampling;
  r.cpu_by = cgroup_.any() ? enforced_by::cgroup : enforced_by::sampling;
  // One process alone may have had more than any look at the tree saw.
  r.memory = std::max({peaks.memory, cgroup_.memory_peak(), static_cast<std::uint64_t>(reaped.peak_rss_bytes)});
  r.processes = peaks.processes;
  r.cpu_us = std::max(peaks.cpu_us, reaped.user_us + reaped.system_us);
  return r;
}

} // namespace fabric::exec
