#pragma once

#include "fabric/lane/lane.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"
#include "actors/live_config.hpp"

#include <atomic>
#include <memory>

namespace fabric::actors {

/// What outlives a lane actor that died: the job it was busy with, so that one that kills its lane twice is buried.
struct lane_suspect {
  std::atomic<job_id> id{0}; ///< 0: none, or the store has counted it.
};

/// What a lane actor begins with.
struct lane_birth {
  std::string name;
  std::shared_ptr<const config::root> config;
  make_policy policy;
  std::shared_ptr<lane_suspect> suspect; ///< Shared by all incarnations of this lane.
  std::uint64_t seed = 0;
};

/// Spawns the actor of one lane. It performs what lane::machine decides; a broken invariant in the machine ends it,
/// and its supervisor starts a new one, which reads its jobs from the store.
lane_actor spawn_lane(caf::actor_system& sys, environment_ptr env, lane_birth how);

} // namespace fabric::actors
