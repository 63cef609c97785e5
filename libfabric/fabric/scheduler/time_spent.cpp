#include "fabric/scheduler/time_spent.hpp"

#include "fabric/job/states.hpp"

#include <algorithm>

namespace fabric::scheduler {

namespace {

/// Cuts a span of time into parts, from left to right.
class cutter {
public:
  cutter(time_point begin, time_point end) : at_(begin), end_(std::max(begin, end)) {}

  void cut(time_point until, activity what, std::uint32_t attempt) {
    until = std::clamp(until, at_, end_);
    if (until > at_) parts_.push_back({what, attempt, until - at_});
    at_ = until;
  }
  void rest(activity what, std::uint32_t attempt) { cut(end_, what, attempt); }
  std::vector<time_part> parts() && { return std::move(parts_); }

private:
  time_point at_, end_;
  std::vector<time_part> parts_;
};

bool backs_off(outcome how) { return how == outcome::failed || how == outcome::crashed || how == outcome::timed_out; }

} // namespace

std::string_view to_string(activity what) {
  switch (what) {
  case activity::waited: return "waited";
  case activity::backed_off: return "backed off and waited";
  case activity::was_started: return "was being started";
  case activity::ran: return "ran";
  case activity::was_settled: return "was being settled";
  case activity::not_started: return "was leased, but not started";
  case activity::is_waiting: return "waits";
  case activity::is_running: return "runs";
  case activity::earlier: return "went into attempts no longer kept, up to";
  }
  return "?";
}

std::vector<time_part> time_spent(const job& row, std::span<const attempt> attempts, time_point now) {
  cutter time(row.submitted_at, is_final(row.state) ? row.finished_at : now);
  auto before = outcome::none;
  for (const auto& a : attempts) {
    if (a.number > 1 && &a == &attempts.front()) time.cut(a.leased_at, activity::earlier, a.number - 1);
    time.cut(a.leased_at, backs_off(before) ? activity::backed_off : activity::waited, a.number);
    before = a.ended_as;
    if (a.ended_as == outcome::none) break; // It runs.
    if (a.started_at == no_time) {
      time.cut(a.ended_at, activity::not_started, a.number);
      continue;
    }
    time.cut(a.started_at, activity::was_started, a.number);
    time.cut(a.started_at + a.run_time, activity::ran, a.number);
    time.cut(a.ended_at, activity::was_settled, a.number);
  }
  if (is_final(row.state))
    time.rest(backs_off(before) ? activity::backed_off : activity::waited,
              0); // Until it was cancelled, or pruned of attempts.
  else
    time.rest(row.state == job_state::running ? activity::is_running : activity::is_waiting, row.attempt);
  return std::move(time).parts();
}

} // namespace fabric::scheduler
