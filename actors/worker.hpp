#pragma once

#include "fabric/node/worker.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <functional>

namespace fabric::actors {

/// Called once, in the worker's context, when a drain has emptied it.
using drained_callback = std::function<void(const std::string& worker, const std::vector<node::fate>& fates)>;

/// Spawns the worker of one lane on this node: performs what node::worker decides.
worker_actor spawn_worker(caf::actor_system& sys, environment_ptr env, node::worker_settings how,
                          drained_callback on_drained);

} // namespace fabric::actors
