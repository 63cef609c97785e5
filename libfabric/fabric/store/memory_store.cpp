#include "fabric/store/memory_store.hpp"

#include "fabric/invariant.hpp"
#include "fabric/job/limits.hpp"
#include "fabric/store/counts.hpp"
#include "fabric/store/engine.hpp"

#include <algorithm>
#include <utility>

namespace fabric::store {

namespace {

bool passes(const job_filter& filter, const job& row) {
  return (filter.states.empty() || std::ranges::count(filter.states, row.state) > 0) &&
         (filter.lane.empty() || filter.lane == row.lane) &&
         (filter.job_class.empty() || filter.job_class == row.job_class);
}

std::vector<attempt> attempts_of(const memory_rows& tables, job_id id) {
  std::vector<attempt> all;
  if (const auto found = tables.attempts().find(id); found != tables.attempts().end())
    for (const auto& kept : found->second) all.push_back(kept.row);
  return all;
}

std::optional<std::string> result_of(const memory_rows& tables, job_id id) {
  const auto found = tables.results().find(id);
  if (found == tables.results().end()) return std::nullopt;
  return found->second;
}

} // namespace

memory_store::memory_store(memory_options options)
    : options_(std::move(options)), pruner_(options_.retention, options_.clock) {}

expected<batch_result> memory_store::apply(std::span<const operation> ops, time_point now) {
  invariant(ops.size() <= limits::commit_ops);
  const std::lock_guard lock(guard_);
  const bool low = options_.disk_is_low && options_.disk_is_low();
  auto result = engine(tables_, numbers_, {!low, !low}, now).run(ops);
  result.pruned = pruner_.prune(tables_, numbers_, now, pruner_.budget(!ops.empty()));
  result.more_upkeep = pruner_.may_have_work(numbers_, now);
  return result;
}

expected<lane_page> memory_store::load_lane(const std::string& lane, job_id after, std::size_t limit) {
  const std::lock_guard lock(guard_);
  lane_page page;
  if (const auto record = numbers_.lanes.find(lane); record != numbers_.lanes.end()) page.seq = record->second.seq;
  for (auto it = tables_.jobs().upper_bound(after); it != tables_.jobs().end(); ++it) {
    const auto& row = it->second.row;
    if (row.lane != lane || !is_in_lane(row.state)) continue;
    page.last = page.entries.size() < limit;
    if (!page.last) break;
    page.entries.push_back(entry_of(row));
  }
  return page;
}

expected<std::vector<job_id>> memory_store::unsettled_resets() {
  const std::lock_guard lock(guard_);
  std::set<job_id> found;
  for (const auto& [number, e] : tables_.events()) {
    const auto job = tables_.jobs().find(e.job);
    if (e.kind != "reset" || job == tables_.jobs().end() || !job->second.row.node.empty()) continue;
    const auto all = tables_.attempts().find(e.job);
    const auto started_since = [&](const memory_attempt& a) {
      return a.row.number > e.attempt && a.row.started_at != no_time;
    };
    if (all == tables_.attempts().end() || std::ranges::none_of(all->second, started_since)) found.insert(e.job);
  }
  return std::vector<job_id>{found.begin(), found.end()};
}

std::uint64_t memory_store::live_jobs() const {
  const std::lock_guard lock(guard_);
  return numbers_.live();
}

expected<job> memory_store::find(job_id id) {
  const std::lock_guard lock(guard_);
  if (auto found = tables_.find(id)) return std::move(found->row);
  return no_job(id);
}

expected<std::vector<job>> memory_store::find_all(std::span<const job_id> ids) {
  const std::lock_guard lock(guard_);
  std::vector<job> found;
  for (const auto id : ids)
    if (auto one = tables_.find(id)) found.push_back(std::move(one->row));
  return found;
}

expected<std::vector<attempt>> memory_store::attempts(job_id id) {
  const std::lock_guard lock(guard_);
  return attempts_of(tables_, id);
}

expected<job_record> memory_store::details(job_id id) {
  const std::lock_guard lock(guard_);
  auto found = tables_.find(id);
  if (!found) return no_job(id);
  auto line = tables_.line_of(found->row);
  return job_record{std::move(found->row), attempts_of(tables_, id), tables_.input(id), result_of(tables_, id),
                    std::move(line)};
}

expected<std::string> memory_store::input(job_id id) {
  const std::lock_guard lock(guard_);
  const auto found = tables_.inputs().find(id);
  if (found == tables_.inputs().end()) return no_job(id);
  return found->second;
}

expected<std::optional<std::string>> memory_store::result(job_id id) {
  const std::lock_guard lock(guard_);
  return result_of(tables_, id);
}

expected<std::vector<job>> memory_store::list(const job_filter& filter) {
  const std::lock_guard lock(guard_);
  const auto limit = std::clamp<std::size_t>(filter.limit, 1, page_limit);
  const auto& jobs = tables_.jobs();
  std::vector<job> page;
  auto it = filter.after > 0 ? jobs.lower_bound(filter.after) : jobs.end();
  while (it != jobs.begin() && page.size() < limit)
    if (--it; passes(filter, it->second.row)) page.push_back(it->second.row);
  return page;
}

expected<std::vector<event>> memory_store::events(std::uint64_t after, std::size_t limit) {
  const std::lock_guard lock(guard_);
  std::vector<event> page;
  const auto& all = tables_.events();
  for (auto it = all.upper_bound(after); it != all.end() && page.size() < std::min(limit, page_limit); ++it)
    page.push_back(it->second);
  return page;
}

expected<std::vector<event>> memory_store::last_events(std::size_t limit) {
  const std::lock_guard lock(guard_);
  std::vector<event> page;
  const auto& all = tables_.events();
  for (auto it = all.end(); it != all.begin() && page.size() < std::min(limit, page_limit);)
    page.push_back((--it)->second);
  std::ranges::reverse(page);
  return page;
}

expected<std::uint64_t> memory_store::stale_ends() {
  const std::lock_guard lock(guard_);
  return numbers_.stale_ends;
}

expected<waste_totals> memory_store::wasted() {
  const std::lock_guard lock(guard_);
  return numbers_.wasted;
}

expected<std::vector<lane_counts>> memory_store::counts() {
  const std::lock_guard lock(guard_);
  std::map<std::string, lane_counts> lanes;
  for (const auto& [name, record] : numbers_.lanes) lanes.emplace(name, counts_of(name, record.jobs));
  for (const auto& [id, all] : tables_.attempts()) {
    for (const auto& kept : all) {
      if (kept.row.ended_as != outcome::demoted) continue;
      ++lanes[kept.row.lane].demoted_out;
    }
  }
  for (const auto& [name, sum] : numbers_.wasted.lanes) lanes[name].wasted = sum;
  std::vector<lane_counts> result;
  for (auto& [name, counts] : lanes) result.push_back(std::move(counts));
  return result;
}

} // namespace fabric::store
