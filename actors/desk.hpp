#pragma once

#include "fabric/config/config.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <functional>

namespace fabric::actors {

struct desk_settings {
  config::root config;
  std::function<void()> detach; ///< Has the node leave its jobs to its runner and exit. Called in the desk's context.
};

/// Spawns the desk: it checks what operators order by the pure parts, has the store write it down, and answers when
/// that is durable; and it asks around why a job does not run.
/// What is about the node as a whole, it has others do.
desk_actor spawn_desk(caf::actor_system& sys, environment_ptr env, desk_settings how);

} // namespace fabric::actors
