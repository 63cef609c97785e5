#pragma once

#include "fabric/config/config.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <string>

namespace fabric::actors {

/// Spawns the actor that settles what an attempt on this node will find of those before it (detached: it writes
/// files). Each order is answered, at the latest when its `until` is over: whatever went wrong elsewhere, what was left
/// here by older attempts is out of sight then. One that this node's disk refuses gets no answer, but an error.
/// @param config the node's own.
checkpoints_actor spawn_checkpoints(caf::actor_system& sys, environment_ptr env, std::string spool, config::root config,
                                    spawn_as how = spawn_as::detached);

} // namespace fabric::actors
