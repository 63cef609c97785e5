#include "fabric/store/pruner.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace fabric::store {

namespace {

/// The one of them that finished first.
std::optional<final_row> first_of(rows& tables, std::initializer_list<job_state> states) {
  std::optional<final_row> first;
  for (const auto state : states) {
    auto row = tables.oldest_final(state);
    if (row && (!first || std::pair(row->finished_at, row->id) < std::pair(first->finished_at, first->id)))
      first = std::move(row);
  }
  return first;
}

} // namespace

pruner::pruner(retention keep, steady_clock_fn clock) : keep_(keep), clock_(std::move(clock)) {}

bool pruner::over_count(const ledger& numbers) const {
  return keep_.succeeded_count > 0 &&
         numbers.total(job_state::succeeded) + numbers.total(job_state::cancelled) > keep_.succeeded_count;
}

bool pruner::over_bytes(const ledger& numbers) const { return keep_.bytes > 0 && numbers.final_bytes > keep_.bytes; }

bool pruner::over_events(const ledger& numbers) const {
  return keep_.events_count > 0 && numbers.kept_events > keep_.events_count;
}

bool pruner::may_have_work(const ledger& numbers, time_point now) const {
  return now >= next_due_ || over_count(numbers) || over_bytes(numbers) || over_events(numbers);
}

void pruner::wake_at(time_point due) { next_due_ = std::min(next_due_, due); }

std::vector<pruned_job> pruner::prune(rows& tables, ledger& numbers, time_point now, duration budget) {
  std::vector<pruned_job> gone;
  if (!may_have_work(numbers, now)) return gone;
  const auto stop_at = clock_() + budget;
  // What finishes from now on is younger than all that is there: it is due no earlier than these.
  next_due_ = now + std::min({keep_.succeeded_age, keep_.buried_age, keep_.events_age});
  bool jobs_left = true, events_left = true;
  while ((jobs_left || events_left) && !tables.failed()) {
    if (jobs_left) jobs_left = prune_job(tables, numbers, now, gone);
    if (events_left) events_left = prune_event(tables, numbers, now);
    if (clock_() >= stop_at) break;
  }
  if (jobs_left || events_left) next_due_ = no_time; // the budget ended it
  return gone;
}

std::optional<final_row> pruner::next_victim(rows& tables, const ledger& numbers, time_point now) {
  auto done = first_of(tables, {job_state::succeeded, job_state::cancelled});
  if (done) {
    if (now - done->finished_at >= keep_.succeeded_age || over_count(numbers)) return done;
    wake_at(done->finished_at + keep_.succeeded_age);
  }
  auto buried = first_of(tables, {job_state::buried});
  if (buried) {
    if (now - buried->finished_at >= keep_.buried_age) return buried;
    wake_at(buried->finished_at + keep_.buried_age);
  }
  if (!over_bytes(numbers)) return std::nullopt;
  return first_of(tables, {job_state::succeeded, job_state::cancelled, job_state::buried});
}

bool pruner::prune_job(rows& tables, ledger& numbers, time_point now, std::vector<pruned_job>& gone) {
  const auto victim = next_victim(tables, numbers, now);
  if (!victim) return false;
  tables.erase(victim->id);
  --numbers.lanes[victim->lane].jobs[static_cast<std::size_t>(victim->state)];
  numbers.final_bytes -= victim->bytes;
  gone.push_back({victim->id, victim->attempts});
  return true;
}

bool pruner::prune_event(rows& tables, ledger& numbers, time_point now) {
  const auto oldest = tables.oldest_event();
  if (!oldest) return false;
  if (now - *oldest < keep_.events_age && !over_events(numbers)) {
    wake_at(*oldest + keep_.events_age);
    return false;
  }
  tables.erase_oldest_event();
  --numbers.kept_events;
  return true;
}

} // namespace fabric::store
