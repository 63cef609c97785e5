#include "fabric/supervision/restart.hpp"

#include <algorithm>

namespace fabric::supervision {

duration delay_of(const intensity& limit, std::size_t n) {
  auto delay = limit.backoff;
  for (std::size_t i = 1; i < n && delay < limit.backoff_max; ++i) delay *= 2;
  return std::min(delay, limit.backoff_max);
}

duration delays(const intensity& limit) {
  duration sum{0};
  for (std::size_t n = 1; n <= limit.restarts; ++n) sum += delay_of(limit, n);
  return sum;
}

verdict restart_history::on_exit(bool failed, time_point now) {
  if (when_ == rule::temporary || (when_ == rule::transient && !failed)) return {verdict::kind::leave, {}};
  while (!restarts_.empty() && restarts_.front() + limit_.within <= now) restarts_.pop_front();
  if (restarts_.size() >= limit_.restarts) return {verdict::kind::escalate, {}};
  restarts_.push_back(now);
  return {verdict::kind::restart, delay_of(limit_, restarts_.size())};
}

std::size_t restart_history::recent(time_point now) const {
  return static_cast<std::size_t>(
      std::count_if(restarts_.begin(), restarts_.end(), [&](time_point at) { return at + limit_.within > now; }));
}

} // namespace fabric::supervision
