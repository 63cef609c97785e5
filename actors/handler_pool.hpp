#pragma once

#include "fabric/handlers/pool.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <functional>
#include <memory>
#include <string>

namespace fabric::actors {

/// Makes what runs the handlers; it calls `wake` when there is something to take.
using make_executor = std::function<std::unique_ptr<handlers::executor>(std::function<void()> wake)>;

struct handler_pool_settings {
  handlers::pool_settings machine;
  std::uint64_t boot = 0;
  make_executor make;
  /// More handlers do not return than may. Called in the pool's context, once.
  std::function<void(std::uint32_t leaked)> on_too_many_leaked;
};

/// Spawns the pool of this process's handlers: performs what handlers::pool decides. To be spawned once per process: a
/// second would not know what the threads of the first still run.
handler_pool_actor spawn_handler_pool(caf::actor_system& sys, environment_ptr env, handler_pool_settings how);

} // namespace fabric::actors
