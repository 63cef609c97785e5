#include "fabric/store/operations.hpp"

namespace fabric::store {

lane_entry entry_of(const job& row) {
  lane_entry entry;
  entry.id = row.id;
  entry.version = row.version;
  entry.state = row.state;
  entry.priority = row.priority;
  entry.demoted_order = row.demoted_order;
  entry.run_at = row.run_at;
  entry.job_class = row.job_class;
  entry.overflow_from = row.overflow_from;
  entry.cancel_requested = row.cancel_requested || is_condemned(row);
  entry.fence = row.fence;
  entry.node = row.node;
  entry.lease = row.lease;
  entry.attempt = row.attempt;
  entry.failures = row.counts.failures;
  entry.ran_before = row.ran_before;
  return entry;
}

} // namespace fabric::store
