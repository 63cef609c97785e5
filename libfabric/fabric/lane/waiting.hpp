#pragma once

#include "fabric/lane/heap.hpp"
#include "fabric/lane/names.hpp"
#include "fabric/lane/ready_times.hpp"
#include "fabric/store/operations.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

/// The jobs of a lane that do not run, in their order. At most 100 bytes per job, tested.
namespace fabric::lane {

enum class place : std::uint8_t {
  none,        ///< Not known yet.
  ready,       ///< In a ready heap.
  delayed,     ///< In the delayed heap.
  asked_ready, ///< Was ready; an operation on it is with the store, it is in no heap until that is settled.
  asked_due,   ///< Was delayed; the same.
};

/// What is kept of a waiting job beside its id.
struct waiting_row {
  std::uint64_t version = 0;
  std::uint64_t demoted_order = 0;
  time_point at{}; ///< delayed: when it is due; otherwise when it became known to be ready.
  std::uint32_t priority = 0;
  std::uint32_t position = 0; ///< In its heap.
  name_id job_class = 0;
  std::uint16_t overflow_from = 0; ///< 0: none; otherwise one more than the lane's number.
  place where = place::none;
};

using waiting_job = std::pair<const job_id, waiting_row>;

/// Priority; demoted jobs first in the order they were demoted; then id.
struct ready_order {
  bool demoted_first = true;
  bool operator()(const waiting_job& a, const waiting_job& b) const;
  static std::uint32_t& position(waiting_job& j) { return j.second.position; }
};

/// Due time, then id.
struct due_order {
  bool operator()(const waiting_job& a, const waiting_job& b) const;
  static std::uint32_t& position(waiting_job& j) { return j.second.position; }
};

class waiting_jobs {
public:
  waiting_jobs(names& classes, bool demoted_first) : classes_(classes), order_{demoted_first}, delayed_(due_order{}) {}

  waiting_job* find(job_id id);
  auto begin() const { return jobs_.begin(); }
  auto end() const { return jobs_.end(); }

  /// Inserts or replaces. Not for a running or final entry (asserted).
  void put(const store::lane_entry& entry, time_point now);
  void erase(job_id id);
  void clear();
  /// @pre nothing waits (asserted).
  void set_order(bool demoted_first);

  /// Takes it out of its heap while the store is asked; restore() puts it back in its old place.
  /// @pre ready or delayed (asserted).
  void take(waiting_job& j);
  void restore(waiting_job& j);
  /// As restore; a delayed job is not looked at again before `at`.
  void restore(waiting_job& j, time_point at);

  waiting_job* best(name_id job_class) const;       ///< nullptr: none is ready.
  waiting_job* best_fresh(name_id job_class) const; ///< Neither demoted nor here by overflow.
  bool before(const waiting_job& a, const waiting_job& b) const { return order_(a, b); }
  waiting_job* next_due() const { return delayed_.top(); }

  /// Ready jobs that another lane handed over.
  const std::set<job_id>& guests() const { return guests_; }
  std::string overflow_from(const waiting_job& j) const;

  std::uint64_t ready() const { return ready_; } ///< In the ready heaps.
  std::uint64_t delayed() const { return delayed_.size(); }
  std::optional<time_point> oldest() const; ///< Since when the oldest ready job is known to be ready; see ready_times.

private:
  using ready_heap = heap<waiting_job, ready_order>;
  struct class_queue {
    ready_heap fresh, bound; ///< bound: demoted or a guest; no other lane may have it.
  };

  ready_heap& heap_of(const waiting_job& j);
  void enqueue(waiting_job& j);
  void dequeue(waiting_job& j);

  names& classes_;
  ready_order order_;
  names lanes_;
  std::unordered_map<job_id, waiting_row> jobs_;
  std::vector<class_queue> queues_; ///< By class.
  heap<waiting_job, due_order> delayed_;
  std::set<job_id> guests_;
  ready_times ready_since_; ///< Of the jobs in the ready heaps.
  std::uint64_t ready_ = 0;
};

} // namespace fabric::lane
