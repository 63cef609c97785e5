#include "fabric/store/memory_rows.hpp"

#include "fabric/invariant.hpp"
#include "fabric/job/transitions.hpp"

#include <algorithm>
#include <iterator>

namespace fabric::store {

std::optional<stored_job> memory_rows::find(job_id id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return std::nullopt;
  return found->second;
}

std::optional<job_id> memory_rows::find_key(std::string_view job_class, std::string_view key) {
  const auto found = keys_.find({std::string(job_class), std::string(key)});
  if (found == keys_.end()) return std::nullopt;
  return found->second;
}

key_head memory_rows::head_of(std::string_view ordering_key) {
  key_head head;
  for (auto it = lines_.lower_bound({std::string(ordering_key), 0});
       it != lines_.end() && it->first.first == ordering_key && !head.first; ++it) {
    const auto& row = jobs_.at(it->second).row;
    if (is_final(row.state))
      head.free_at = std::max(head.free_at, left_until(row));
    else
      head.first = row.id;
  }
  return head;
}

std::optional<key_line> memory_rows::line_of(const job& row) const {
  if (row.state != job_state::waiting) return std::nullopt;
  const auto begin = lines_.lower_bound({row.ordering_key, 0});
  const auto own = lines_.find({row.ordering_key, row.key_order});
  const auto first =
      std::find_if(begin, own, [&](const auto& item) { return !is_final(jobs_.at(item.second).row.state); });
  if (first == own) return std::nullopt;
  return key_line{first->second, jobs_.at(first->second).row.state,
                  static_cast<std::uint64_t>(std::distance(begin, own))};
}

void memory_rows::keep_in_line(const job& row) {
  if (is_in_line(row))
    lines_.emplace(place_in_line{row.ordering_key, row.key_order}, row.id);
  else if (!row.ordering_key.empty())
    lines_.erase({row.ordering_key, row.key_order});
}

std::string memory_rows::input(job_id id) {
  const auto found = inputs_.find(id);
  return found == inputs_.end() ? std::string{} : found->second;
}

void memory_rows::insert(const stored_job& added, const std::string& input) {
  const auto& row = added.row;
  invariant(!jobs_.contains(row.id));
  jobs_.emplace(row.id, added);
  inputs_.emplace(row.id, input);
  if (!row.idempotency_key.empty()) keys_.emplace(std::pair(row.job_class, row.idempotency_key), row.id);
  keep_in_line(row);
}

void memory_rows::update(const stored_job&, const stored_job& after) {
  auto& stored = jobs_.at(after.row.id);
  invariant(stored.row.version + 1 == after.row.version);
  if (is_final(stored.row.state)) finals(stored.row.state).erase({stored.row.finished_at, stored.row.id});
  if (is_final(after.row.state)) finals(after.row.state).insert({after.row.finished_at, after.row.id});
  if (stored.row.key_order != after.row.key_order) lines_.erase({stored.row.ordering_key, stored.row.key_order});
  keep_in_line(after.row);
  stored = after;
}

void memory_rows::put_result(job_id id, std::string_view result, time_point) { results_[id] = result; }

void memory_rows::insert_attempt(const attempt& started) { attempts_[started.job].push_back({started, outcome::none}); }

void memory_rows::erase_attempts(job_id id, std::uint32_t last) {
  std::erase_if(attempts_[id], [&](const auto& kept) { return kept.row.number <= last; });
}

std::optional<attempt_fate> memory_rows::find_attempt(job_id id, fence_t fence) {
  for (const auto& kept : attempts_[id])
    if (kept.row.fence == fence) return attempt_fate{kept.row.number, kept.reported};
  return std::nullopt;
}

memory_attempt& memory_rows::attempt_of(job_id id, std::uint32_t number) {
  auto& all = attempts_.at(id);
  return all.at(number - all.at(0).row.number);
}

void memory_rows::carry_attempt(job_id id, std::uint32_t number, std::string_view lane, std::string_view worker) {
  auto& row = attempt_of(id, number).row;
  row.lane = lane;
  row.worker = worker;
}

void memory_rows::close_attempt(const attempt_close& close) {
  auto& kept = attempt_of(close.job, close.number);
  kept.reported = close.reported;
  kept.row.ended_as = close.ended_as;
  kept.row.ended_at = close.ended_at;
  kept.row.started_at = close.how->started_at;
  kept.row.run_time = close.how->run_time;
  kept.row.report = close.how->report;
  kept.row.saved = close.how->saved;
}

void memory_rows::log(const event& what) { events_.emplace(what.id, what); }

std::optional<final_row> memory_rows::oldest_final(job_state state) {
  if (finals(state).empty()) return std::nullopt;
  const auto& kept = jobs_.at(finals(state).begin()->second);
  return final_row{kept.row.id, state, kept.row.finished_at, kept.row.lane, kept.row.attempt, kept.bytes};
}

void memory_rows::erase(job_id id) {
  const auto found = jobs_.find(id);
  invariant(found != jobs_.end());
  const auto& row = found->second.row;
  if (is_final(row.state)) finals(row.state).erase({row.finished_at, id});
  if (!row.idempotency_key.empty()) keys_.erase({row.job_class, row.idempotency_key});
  lines_.erase({row.ordering_key, row.key_order});
  jobs_.erase(found);
  inputs_.erase(id);
  results_.erase(id);
  attempts_.erase(id);
}

std::optional<time_point> memory_rows::oldest_event() {
  if (events_.empty()) return std::nullopt;
  return events_.begin()->second.at;
}

void memory_rows::erase_oldest_event() { events_.erase(events_.begin()); }

} // namespace fabric::store
