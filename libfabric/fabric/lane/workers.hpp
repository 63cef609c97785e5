#pragma once

#include "fabric/lane/names.hpp"
#include "fabric/node/orders.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

/// The workers of a lane: what each wants, and how many of its slots the lane counts as taken.
namespace fabric::lane {

struct worker_slots {
  std::string node;
  std::string worker;
  bool present = false;    ///< Has said what it wants, and was not given up on since.
  bool has_runner = false; ///< What it wants is what it can do, not only what it can do while its runner is away.
  std::uint64_t boot = 0;
  std::uint64_t seq = 0;
  std::uint32_t slots = 0;
  std::uint32_t taken = 0;      ///< Attempts and unanswered leases.
  std::vector<name_id> classes; ///< Sorted.
  std::set<name_id> not_now;    ///< Refused a start of this class; until its next want.

  std::uint32_t free() const { return present && slots > taken ? slots - taken : 0; }
  bool can_run(name_id job_class) const;
};

class workers {
public:
  explicit workers(names& classes) : classes_(classes) {}

  /// The newest want replaces the older. False: it is not newer than the one known.
  bool update(const want& w);
  /// Its slots are no longer there. A `boot` other than the known one, unless 0, is an older life: nothing changes.
  void forget(const std::string& node, std::uint64_t boot);

  void take(const std::string& node) { ++at(node).taken; }
  void release(const std::string& node);
  void refuse(const std::string& node, name_id job_class) { at(node).not_now.insert(job_class); }

  /// The present worker of a node; nullptr if there is none.
  const worker_slots* find(const std::string& node) const;
  /// The one with most free slots that can run the class; equal ones: the first by name. nullptr: none.
  const worker_slots* choose(name_id job_class) const;

  bool heard() const; ///< At least one present worker with a runner, of however many slots.
  std::uint32_t free() const;
  std::uint32_t slots() const;
  std::uint32_t taken() const;
  /// Names of the classes that a worker can run at all, sorted.
  std::vector<std::string> classes() const;
  /// Names of the classes that a free slot can run, sorted.
  std::vector<std::string> free_classes() const;

private:
  worker_slots& at(const std::string& node);

  names& classes_;
  std::map<std::string, worker_slots> by_node_;
};

} // namespace fabric::lane
