#pragma once

#include "fabric/config/config.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <functional>

namespace fabric::actors {

struct steward_settings {
  config::root config;
  std::function<void()>
      detach; ///< Has the node leave its jobs to its runner and exit. Called in the steward's context.
};

/// Spawns the steward: it answers for this node, to whoever in the cell asks, and passes on to its workers what is
/// ordered of the node as a whole.
steward_actor spawn_steward(caf::actor_system& sys, environment_ptr env, steward_settings how);

} // namespace fabric::actors
