#pragma once

#include "fabric/config/config.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <string>

namespace fabric::actors {

/// Spawns the actor that keeps this node's spool within its limits (detached: it walks directories). Once a minute, or
/// less often where a walk takes long, it has the runner recycle what node::spool_surplus names. Attempts of jobs that
/// are not final stay; those of jobs that the store has forgotten count as finished.
spool_keeper_actor spawn_spool_keeper(caf::actor_system& sys, environment_ptr env, std::string spool,
                                      config::spool limits, spawn_as how = spawn_as::detached);

} // namespace fabric::actors
