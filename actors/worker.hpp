#pragma once

#include "fabric/node/worker.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <functional>

namespace fabric::actors {

/// Called in the worker's context.
struct worker_callbacks {
  /// Its lane has been told what this worker holds and offers, for the first time in its life. May be unset.
  std::function<void(const std::string& worker)> on_offered;
  /// The drain with which the node ends has emptied it; once.
  std::function<void(const std::string& worker, const std::vector<node::fate>& fates)> on_drained;
};

/// Spawns the worker of one lane on this node: performs what node::worker decides.
worker_actor spawn_worker(caf::actor_system& sys, environment_ptr env, node::worker_settings how,
                          worker_callbacks call);

} // namespace fabric::actors
