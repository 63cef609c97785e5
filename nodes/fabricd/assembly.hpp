#pragma once

#include "fabric/config/config.hpp"
#include "fabric/store/job_store.hpp"

#include "actors/compat.hpp"
#include "actors/environment.hpp"
#include "actors/supervisor.hpp"

#include <memory>
#include <vector>

/// Which actors a node has, with what, and in which order: the child table. Wiring only.
namespace fabric::nodes {

class node_events;

/// Where a node keeps its things, below node.data.
struct data_paths {
  explicit data_paths(const std::string& data);
  std::string store;  ///< SQLite file.
  std::string spool;  ///< Directory.
  std::string socket; ///< Of the runner.
  std::string ledger; ///< Of the runner.
};

struct parts {
  config::root config;
  data_paths paths;
  std::uint64_t boot = 0;
  std::vector<std::string> runner_command;          ///< argv that starts a runner; empty: none is started.
  std::shared_ptr<store::job_store> store;          ///< Given to the store actor, the only one to keep it.
  std::shared_ptr<store::job_reader> memory_reader; ///< Set for a store that is also its reader.
  node_events* events = nullptr;                    ///< Outlives the actors.
};

/// The children of this node's supervisor, in the order in which they start.
std::vector<actors::child_spec> child_table(caf::actor_system& sys, actors::environment_ptr env, parts with);

} // namespace fabric::nodes
