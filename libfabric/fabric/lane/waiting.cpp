#include "fabric/lane/waiting.hpp"

#include "fabric/invariant.hpp"

#include <limits>
#include <tuple>

namespace fabric::lane {

namespace {

constexpr std::size_t small_table = 1024; ///< Buckets that are kept.

} // namespace

bool ready_order::operator()(const waiting_job& a, const waiting_job& b) const {
  const auto& [id_a, row_a] = a;
  const auto& [id_b, row_b] = b;
  if (row_a.priority != row_b.priority) return row_a.priority < row_b.priority;
  // 0 means not demoted and comes last: 0 - 1 is the largest number.
  if (demoted_first && row_a.demoted_order != row_b.demoted_order)
    return row_a.demoted_order - 1 < row_b.demoted_order - 1;
  return id_a < id_b;
}

bool due_order::operator()(const waiting_job& a, const waiting_job& b) const {
  return std::tie(a.second.at, a.first) < std::tie(b.second.at, b.first);
}

waiting_job* waiting_jobs::find(job_id id) {
  const auto it = jobs_.find(id);
  return it == jobs_.end() ? nullptr : &*it;
}

void waiting_jobs::put(const store::lane_entry& entry, time_point now) {
  invariant(entry.state == job_state::scheduled || entry.state == job_state::ready);
  auto& j = *jobs_.try_emplace(entry.id).first;
  auto& row = j.second;
  const bool was_ready = row.where == place::ready || row.where == place::asked_ready;
  const auto since = was_ready ? row.at : now;
  dequeue(j);
  row.version = entry.version;
  row.demoted_order = entry.demoted_order;
  row.priority = entry.priority;
  row.job_class = classes_.intern(entry.job_class);
  const auto from = entry.overflow_from.empty() ? 0 : lanes_.intern(entry.overflow_from) + 1;
  invariant(from <= std::numeric_limits<std::uint16_t>::max());
  row.overflow_from = static_cast<std::uint16_t>(from);
  row.where = entry.state == job_state::ready ? place::ready : place::delayed;
  row.at = row.where == place::delayed ? entry.run_at : since;
  enqueue(j);
}

void waiting_jobs::erase(job_id id) {
  auto* const j = find(id);
  if (j == nullptr) return;
  dequeue(*j);
  jobs_.erase(id);
  if (jobs_.bucket_count() > small_table && jobs_.size() < jobs_.bucket_count() / 8) jobs_.rehash(0);
}

void waiting_jobs::clear() {
  queues_.clear();
  delayed_.clear();
  guests_.clear();
  ready_since_.clear();
  ready_ = 0;
  jobs_.clear();
  jobs_.rehash(0);
}

void waiting_jobs::set_order(bool demoted_first) {
  invariant(jobs_.empty());
  order_.demoted_first = demoted_first;
}

void waiting_jobs::take(waiting_job& j) {
  invariant(j.second.where == place::ready || j.second.where == place::delayed);
  dequeue(j);
  j.second.where = j.second.where == place::ready ? place::asked_ready : place::asked_due;
}

void waiting_jobs::restore(waiting_job& j) { restore(j, j.second.at); }

void waiting_jobs::restore(waiting_job& j, time_point at) {
  auto& row = j.second;
  if (row.where == place::asked_due) {
    row.where = place::delayed;
    row.at = at;
  } else if (row.where == place::asked_ready) {
    row.where = place::ready;
  } else {
    return;
  }
  enqueue(j);
}

waiting_job* waiting_jobs::best(name_id job_class) const {
  if (job_class >= queues_.size()) return nullptr;
  auto* const a = queues_[job_class].fresh.top();
  auto* const b = queues_[job_class].bound.top();
  if (a == nullptr || b == nullptr) return a == nullptr ? b : a;
  return order_(*a, *b) ? a : b;
}

waiting_job* waiting_jobs::best_fresh(name_id job_class) const {
  return job_class < queues_.size() ? queues_[job_class].fresh.top() : nullptr;
}

std::string waiting_jobs::overflow_from(const waiting_job& j) const {
  return j.second.overflow_from == 0 ? std::string{} : lanes_[j.second.overflow_from - 1u];
}

std::optional<time_point> waiting_jobs::oldest() const { return ready_since_.oldest(); }

waiting_jobs::ready_heap& waiting_jobs::heap_of(const waiting_job& j) {
  const auto& row = j.second;
  while (queues_.size() <= row.job_class) queues_.push_back({ready_heap{order_}, ready_heap{order_}});
  auto& queue = queues_[row.job_class];
  return row.demoted_order != 0 || row.overflow_from != 0 ? queue.bound : queue.fresh;
}

void waiting_jobs::enqueue(waiting_job& j) {
  if (j.second.where == place::delayed) delayed_.push(j);
  if (j.second.where != place::ready) return;
  heap_of(j).push(j);
  ++ready_;
  ready_since_.add(j.second.at);
  if (j.second.overflow_from != 0) guests_.insert(j.first);
}

void waiting_jobs::dequeue(waiting_job& j) {
  if (j.second.where == place::delayed) delayed_.remove(j);
  if (j.second.where != place::ready) return;
  heap_of(j).remove(j);
  --ready_;
  ready_since_.remove(j.second.at);
  guests_.erase(j.first);
}

} // namespace fabric::lane
