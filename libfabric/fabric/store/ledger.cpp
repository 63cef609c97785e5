#include "fabric/store/ledger.hpp"

#include "fabric/invariant.hpp"

#include <limits>

namespace fabric::store {

namespace {

/// What SQLite can hold; at 10^6 a second that is 292,000 years.
constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();

std::uint64_t next(std::uint64_t& last, std::uint64_t& mark, std::uint64_t block) {
  invariant(last <= mark);
  if (last == mark) {
    invariant(mark <= largest - block);
    mark += block;
  }
  return ++last;
}

} // namespace

job_id ledger::next_job() { return next(last_job, job_mark, job_block); }

fence_t ledger::next_fence() const {
  invariant(last_fence < largest);
  return last_fence + 1;
}

std::uint64_t ledger::next_event() { return next(last_event, event_mark, event_block); }

std::uint64_t ledger::total(job_state state) const {
  std::uint64_t sum = 0;
  for (const auto& [name, lane] : lanes) sum += lane.jobs[static_cast<std::size_t>(state)];
  return sum;
}

std::uint64_t ledger::live() const {
  return total(job_state::waiting) + total(job_state::scheduled) + total(job_state::ready) + total(job_state::running);
}

std::uint64_t ledger::epoch_of(std::string_view lane) const {
  const auto found = lanes.find(lane);
  return found == lanes.end() ? 0 : found->second.epoch;
}

} // namespace fabric::store
