#pragma once

#include "fabric/config/config.hpp"
#include "fabric/policy/lane_policy.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"
#include "actors/live_config.hpp"

#include <memory>
#include <set>
#include <string>

namespace fabric::actors {

struct scheduler_settings {
  config::root config;
  std::uint64_t boot = 0;
  std::uint64_t seed = 0; ///< For the policy's draws.
};

/// Spawns the scheduler: admission and placing by the pure parts, the policy, and the face for clients. A submission
/// is answered when the store has committed it.
scheduler_actor spawn_scheduler(caf::actor_system& sys, environment_ptr env, scheduler_settings how,
                                make_policy policy);

} // namespace fabric::actors
