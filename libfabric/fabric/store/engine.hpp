#pragma once

#include "fabric/store/journal.hpp"
#include "fabric/store/ledger.hpp"
#include "fabric/store/operations.hpp"
#include "fabric/store/rows.hpp"

#include <optional>
#include <span>
#include <string>

/// Applies operations to rows: which transition, which checks, which answer. The only place that knows; the rules about
/// jobs themselves are in fabric/job/transitions.hpp. No clock and no I/O of its own.
namespace fabric::store {

/// What the store's surroundings allow right now.
struct admission {
  bool submits = true; ///< False: submit is refused with errc::disk_full.
  bool leases = true;  ///< False: lease is refused with errc::disk_full.
};

class engine {
public:
  engine(rows& tables, ledger& numbers, admission allowed, time_point now);

  /// Applies all, in order; each sees what those before it did. An operation that fails changes no job.
  /// The result has no `pruned` yet.
  batch_result run(std::span<const operation> ops);

private:
  answer on(const submit& op);
  answer on(const lease& op);
  answer on(const end& op);
  answer on(const move& op);
  answer on(const due& op);
  answer on(const cancel& op);
  answer on(const kick& op);
  answer on(const extend& op);
  answer on(const lane_died& op);
  answer on(const open_lane& op);
  answer on(const note& op);
  answer on(const set_pause& op);  // engine_pause.cpp
  answer on(const know_lanes& op); // engine_lanes.cpp
  answer on(const carry& op);
  answer on(const look& op);
  answer on(const reset& op);
  answer on(const start_over& op);

  // engine_keys.cpp
  key_head head_of(const job& row);
  static line_terms end_of_line(const key_head& head) { return {head.first.has_value(), head.free_at}; }
  void release_next();

  std::optional<answer> repeat_of(const submit& op);
  answer repeat_or_stale(const end& op, const stored_job* found);
  void note_gone(const stored_job& found);
  void forget_attempts(const job& row);
  void give_up_attempt(const job& running);
  void close(const end& op, const stored_job& before, const stored_job& after);

  /// The row if `op` (lease, move, due) still speaks of it as it is; otherwise why not, in `why`.
  template <class Op> std::optional<stored_job> match(const Op& op, answer& why);
  bool epoch_is_old(const std::string& lane, std::uint64_t epoch, answer& why) const;

  rows& tables_;
  ledger& numbers_;
  admission allowed_;
  time_point now_;
  journal journal_;
};

} // namespace fabric::store
