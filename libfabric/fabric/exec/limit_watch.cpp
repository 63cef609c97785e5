#include "fabric/exec/limit_watch.hpp"

#include "fabric/exec/bounds.hpp"

#include <algorithm>

namespace fabric::exec {

namespace {

/// Whether what grew from `before` to `now` within `span` is over `limit` after as much again as a usual pause.
bool over_soon(double before, double now, double limit, double span) {
  if (limit <= 0 || now <= before) return false;
  return now + (now - before) * static_cast<double>(bounds::limit_check) / span > limit;
}

} // namespace

limit_watch::limit_watch(const node::attempt_limits& limits, std::int64_t now)
    : limits_(limits), last_at_(now), next_(watched(limits) ? now + bounds::limit_check_fast : 0) {}

limit_action limit_watch::see(const tree_sample& s, std::int64_t now) {
  if (next_ == 0) return {};
  if (!s.exact && limits_.memory != 0 && s.memory > limits_.memory) return {stop_reason::none, true};
  peaks_.memory = std::max(peaks_.memory, s.memory);
  peaks_.processes = std::max(peaks_.processes, s.processes);
  peaks_.cpu_us = std::max(peaks_.cpu_us, s.cpu_us);
  next_ = now + (hurries(s, now) ? bounds::limit_check_fast : bounds::limit_check);
  last_ = s;
  last_at_ = now;
  const auto why = judge(s);
  if (why == stop_reason::memory || why == stop_reason::processes) next_ = 0;
  return {why, false};
}

bool limit_watch::hurries(const tree_sample& s, std::int64_t now) const {
  const auto span = static_cast<double>(std::max<std::int64_t>(now - last_at_, 1000));
  const auto grows = [span](auto before, auto after, auto limit) {
    return over_soon(static_cast<double>(before), static_cast<double>(after), static_cast<double>(limit), span);
  };
  return grows(last_.memory, s.memory, limits_.memory) || grows(last_.processes, s.processes, limits_.processes) ||
         (!cpu_said_ && grows(last_.cpu_us, s.cpu_us, limits_.cpu_us));
}

stop_reason limit_watch::judge(const tree_sample& s) {
  if (limits_.memory != 0 && (s.out_of_memory || s.memory > limits_.memory)) return stop_reason::memory;
  if (limits_.processes != 0 && (s.out_of_forks || s.processes > limits_.processes)) return stop_reason::processes;
  if (limits_.cpu_us == 0 || s.cpu_us <= limits_.cpu_us || cpu_said_) return stop_reason::none;
  cpu_said_ = true;
  return stop_reason::cpu;
}

} // namespace fabric::exec
