#include "fabric/policy/run_times.hpp"

#include <algorithm>

namespace fabric::policy {

void run_times::add(const std::string& job_class, duration run_time) {
  auto& r = classes_[job_class];
  ++r.seen;
  if (r.last.size() < remembered) {
    r.last.push_back(run_time);
    return;
  }
  r.last[r.next] = run_time;
  r.next = (r.next + 1) % remembered;
}

std::map<std::string, class_view> run_times::view() const {
  std::map<std::string, class_view> all;
  for (const auto& [name, r] : classes_) {
    auto sorted = r.last;
    std::sort(sorted.begin(), sorted.end());
    const auto at = [&](std::size_t percent) { return sorted[(sorted.size() - 1) * percent / 100]; };
    all[name] = {at(50), at(95), at(99), r.seen};
  }
  return all;
}

} // namespace fabric::policy
