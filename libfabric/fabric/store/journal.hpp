#pragma once

#include "fabric/store/ledger.hpp"
#include "fabric/store/rows.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Writes down what a transaction changes: rows, totals, the lanes' feeds and the events.
namespace fabric::store {

/// Whether events of this kind are kept in the table `events`, the log of automatic actions. The everyday ones
/// (submitted, released, leased, succeeded) only reach watchers, through batch_result.
bool is_logged(std::string_view kind);

class journal {
public:
  journal(rows& tables, ledger& numbers, time_point now) : tables_(tables), numbers_(numbers), now_(now) {}

  void created(const stored_job& added, const std::string& input);

  /// Replaces `before` by `after`: row, totals, feed.
  void changed(const stored_job& before, const stored_job& after);

  /// An event about `row`.
  void tell(std::string kind, const job& row, std::string text = {});
  void tell(event what);

  void opened(const std::string& lane);

  /// The lane's pause began, changed or ended.
  void paused(const std::string& lane, const std::optional<lane_pause>& now);

  /// The job with an ordering key that has ended since the last call: the next of its key is to follow.
  std::optional<job> take_ended() { return std::exchange(ended_, std::nullopt); }

  batch_result& result() { return result_; }

private:
  lane_change& feed(const std::string& lane);
  void feed(const std::string& lane, const job& row, bool gone);
  void count(const job& row, std::int64_t step);

  rows& tables_;
  ledger& numbers_;
  time_point now_;
  std::optional<job> ended_;
  batch_result result_;
};

} // namespace fabric::store
