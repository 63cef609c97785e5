#include "fabric/store/journal.hpp"

#include <utility>

namespace fabric::store {

bool is_logged(std::string_view kind) {
  return kind != "submitted" && kind != "released" && kind != "leased" && kind != "succeeded";
}

void journal::count(const job& row, std::int64_t step) {
  auto& total = numbers_.lanes[row.lane].jobs[static_cast<std::size_t>(row.state)];
  total = static_cast<std::uint64_t>(static_cast<std::int64_t>(total) + step);
}

lane_change& journal::feed(const std::string& lane) {
  auto& change = result_.changes.emplace_back();
  change.lane = lane;
  auto& record = numbers_.lanes[lane];
  change.epoch = record.epoch;
  change.seq = ++record.seq;
  return change;
}

void journal::feed(const std::string& lane, const job& row, bool gone) {
  auto& change = feed(lane);
  change.gone = gone;
  change.entry = entry_of(row);
}

void journal::paused(const std::string& lane, const std::optional<lane_pause>& now) { feed(lane).pause = now; }

void journal::created(const stored_job& added, const std::string& input) {
  tables_.insert(added, input);
  count(added.row, 1);
  if (is_in_lane(added.row.state)) feed(added.row.lane, added.row, false);
}

void journal::changed(const stored_job& before, const stored_job& after) {
  tables_.update(before, after);
  count(before.row, -1);
  count(after.row, 1);
  const bool was_in = is_in_lane(before.row.state), is_in = is_in_lane(after.row.state);
  if (was_in && (!is_in || before.row.lane != after.row.lane)) feed(before.row.lane, after.row, true);
  if (is_in) feed(after.row.lane, after.row, false);
  const bool was_live = !is_final(before.row.state), lives = !is_final(after.row.state);
  if (was_live && !lives && !after.row.ordering_key.empty()) ended_ = after.row;
  if (was_live && !lives) numbers_.final_bytes += after.bytes;
  if (!was_live && lives) numbers_.final_bytes -= before.bytes;
}

void journal::tell(std::string kind, const job& row, std::string text) {
  event what;
  what.kind = std::move(kind);
  what.job = row.id;
  what.job_class = row.job_class;
  what.lane = row.lane;
  what.node = row.node;
  what.attempt = row.attempt;
  what.text = std::move(text);
  tell(std::move(what));
}

void journal::tell(event what) {
  what.id = numbers_.next_event();
  what.at = now_;
  if (is_logged(what.kind)) {
    tables_.log(what);
    ++numbers_.kept_events;
  }
  result_.events.push_back(std::move(what));
}

void journal::opened(const std::string& lane) {
  auto& record = numbers_.lanes[lane];
  ++record.epoch;
  record.seq = 0;
}

} // namespace fabric::store
