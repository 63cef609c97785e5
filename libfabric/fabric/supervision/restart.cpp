#include "fabric/supervision/restart.hpp"

#include <algorithm>

namespace fabric::supervision {

verdict restart_history::on_exit(bool failed, time_point now) {
  if (when_ == rule::temporary || (when_ == rule::transient && !failed)) return {verdict::kind::leave, {}};
  while (!restarts_.empty() && restarts_.front() + limit_.within <= now) restarts_.pop_front();
  if (restarts_.size() >= limit_.restarts) return {verdict::kind::escalate, {}};
  auto delay = limit_.backoff;
  for (std::size_t n = 0; n < restarts_.size() && delay < limit_.backoff_max; ++n) delay *= 2;
  restarts_.push_back(now);
  return {verdict::kind::restart, std::min(delay, limit_.backoff_max)};
}

std::size_t restart_history::recent(time_point now) const {
  return static_cast<std::size_t>(
      std::count_if(restarts_.begin(), restarts_.end(), [&](time_point at) { return at + limit_.within > now; }));
}

} // namespace fabric::supervision
