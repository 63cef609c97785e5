#pragma once

#include "fabric/scheduler/membership.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

namespace fabric::actors {

/// Spawns the membership actor: performs what scheduler::membership decides. When it is restarted, the lanes must be
/// too: they tell it the running leases as they load.
membership_actor spawn_membership(caf::actor_system& sys, environment_ptr env, scheduler::lease_settings how);

} // namespace fabric::actors
