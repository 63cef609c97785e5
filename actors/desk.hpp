#pragma once

#include "fabric/config/config.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

namespace fabric::actors {

struct desk_settings {
  config::root config;
};

/// Spawns the desk: it checks what operators order by the pure parts, has the store write it down, and answers when
/// that is durable; and it asks around why a job does not run.
/// What is about one node, it has that node's steward do.
desk_actor spawn_desk(caf::actor_system& sys, environment_ptr env, desk_settings how);

} // namespace fabric::actors
