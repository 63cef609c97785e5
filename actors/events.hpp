#pragma once

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <cstdint>

namespace fabric::actors {

/// Nobody waits longer for one answer.
inline constexpr duration patience_max = std::chrono::seconds{30};

/// Spawns the hub of committed changes. Clients ask for what comes next and are answered when it comes or when their
/// patience ends (at most patience_max); more than `waiters_max` at once are refused with errc::limit_reached.
events_actor spawn_events(caf::actor_system& sys, environment_ptr env, std::uint32_t waiters_max);

} // namespace fabric::actors
