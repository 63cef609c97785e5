#pragma once

#include "fabric/config/config.hpp"
#include "fabric/scheduler/registrar.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

namespace fabric::actors {

/// Of the messages between the nodes of a cell. Raised when what they mean changes without a change of their types.
inline constexpr std::uint32_t cell_protocol = 1;

/// What this process speaks: protocol, CAF's version and a hash of the names and numbers of all messages.
scheduler::build_card card_of_build();

/// Spawns the registrar: performs what scheduler::registrar decides. A node that passes is named "node/NAME" in the
/// directory until its connection breaks, is told the cell's terms, and what the names of lanes, membership, store and
/// its reader mean, now and after each restart.
registrar_actor spawn_registrar(caf::actor_system& sys, environment_ptr env, directory_actor directory,
                                config::root config, std::uint64_t boot);

} // namespace fabric::actors
