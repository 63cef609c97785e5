#pragma once

#include "actors/lane.hpp"
#include "nodes/fabricd/assembly/child_table.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace fabric::nodes {

/// Makes a node's children: everything the factories need, shared by all of them. They are called in the supervisor's
/// context; `scheduler_table` in the configurator's, `joined_table` and `apply` in the uplink's. They share only what
/// is thread-safe.
class assembly : public std::enable_shared_from_this<assembly> {
public:
  assembly(caf::actor_system& sys, actors::environment_ptr env, parts with);

  /// The children of a node that has the cell's scheduler, for the lanes that are configured now.
  std::vector<actors::child_spec> scheduler_table();
  /// Those of a node that joins a cell; before it knows the cell's terms these are few.
  std::vector<actors::child_spec> joined_table();

private:
  /// Adds children to a table.
  class list;

  // -- of every node
  caf::strong_actor_ptr spool_files();
  caf::strong_actor_ptr spool_keeper();
  caf::strong_actor_ptr checkpoints();
  caf::strong_actor_ptr runner();
  caf::strong_actor_ptr handlers();
  caf::strong_actor_ptr worker(const std::string& lane);
  caf::strong_actor_ptr lane(const std::string& name, const std::shared_ptr<actors::lane_suspect>& suspect);
  void add_lane(list& to, const std::string& name);
  actors::make_policy policy() const;
  caf::strong_actor_ptr steward();
  void add_runners(list& to);

  // -- of the scheduler's
  caf::strong_actor_ptr store();
  caf::strong_actor_ptr store_reader();
  caf::strong_actor_ptr spool_reader();
  caf::strong_actor_ptr events();
  caf::strong_actor_ptr scheduler();
  caf::strong_actor_ptr desk();
  caf::strong_actor_ptr configurator();
  caf::strong_actor_ptr membership();
  caf::strong_actor_ptr registrar();
  caf::strong_actor_ptr publisher();
  std::shared_ptr<fabric::store::job_reader> reader();

  // -- of those that join
  caf::strong_actor_ptr uplink();
  scheduler::node_card card() const;
  expected<void> apply(const std::string& terms);
  void host(const std::vector<std::string>& lanes);
  actors::change_receipt reload(bool dry_run);

  config::root now() const { return *with_.live->get(); }
  actors::make_executor on_threads() const;
  std::uint64_t seed() { return with_.boot ^ (0x9e3779b97f4a7c15ull * ++seeds_); }

  caf::actor_system& sys_;
  actors::environment_ptr env_;
  parts with_;
  /// What lanes go by: they need what the scheduler knows of the classes, everybody else what this node can run.
  std::shared_ptr<actors::live_config> for_lanes_;
  std::map<std::string, std::shared_ptr<actors::lane_suspect>> suspects_; ///< By lane.
  std::uint64_t incarnations_ = 0;                                        ///< Of all workers together.
  std::uint64_t seeds_ = 0;
  std::uint64_t uplinks_ = 0;    ///< Incarnations.
  config::loaded own_;           ///< What the node's own file says, beside the cell's terms.
  std::set<std::string> hosted_; ///< Lanes of the cell that live here.
  std::string terms_;            ///< The cell's; empty until they are known.
};

class assembly::list {
public:
  explicit list(supervision::intensity usual) : usual_(usual) {}
  void add(std::string name, std::function<caf::strong_actor_ptr()> start, std::vector<std::string> along = {});
  /// One whose end is the node's end.
  void add_once(std::string name, std::function<caf::strong_actor_ptr()> start);
  actors::child_spec& last() { return table_.back(); }
  std::vector<actors::child_spec> take() { return std::move(table_); }

private:
  supervision::intensity usual_;
  std::vector<actors::child_spec> table_;
};

supervision::intensity usual_intensity(const config::supervision& s);

template <class Handle> caf::strong_actor_ptr pointer(const Handle& actor) {
  return caf::actor_cast<caf::strong_actor_ptr>(actor);
}

} // namespace fabric::nodes
