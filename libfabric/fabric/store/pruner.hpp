#pragma once

#include "fabric/store/job_store.hpp"
#include "fabric/store/ledger.hpp"
#include "fabric/store/rows.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

/// Forgets final jobs and old events, a little in each transaction. Decides which; the rows do the removing.
namespace fabric::store {

/// A clock for budgets, never for instants that are stored.
using steady_clock_fn = std::function<std::chrono::steady_clock::time_point()>;

class pruner {
public:
  pruner(retention keep, steady_clock_fn clock);

  /// Removes what is over its retention: by age, then by count, then by bytes, oldest first. Stops when `budget`
  /// is spent, but not before one row is gone if any is due. Costs a few comparisons when nothing is due.
  std::vector<pruned_job> prune(rows& tables, ledger& numbers, time_point now, duration budget);

  /// What a transaction with or without operations may spend.
  duration budget(bool operations) const { return operations ? keep_.prune_budget : keep_.upkeep_budget; }

  /// Whether `prune` would look for something to remove.
  bool may_have_work(const ledger& numbers, time_point now) const;

  /// Forgets when something is due next: the transaction in which it was learned did not happen.
  void look_again() { next_due_ = no_time; }

private:
  bool prune_job(rows& tables, ledger& numbers, time_point now, std::vector<pruned_job>& gone);
  bool prune_event(rows& tables, ledger& numbers, time_point now);
  std::optional<final_row> next_victim(rows& tables, const ledger& numbers, time_point now);
  bool over_count(const ledger& numbers) const;
  bool over_bytes(const ledger& numbers) const;
  bool over_events(const ledger& numbers) const;
  void wake_at(time_point due);

  retention keep_;
  steady_clock_fn clock_;
  time_point next_due_{}; ///< Nothing gets old before this instant; no_time: look.
};

} // namespace fabric::store
