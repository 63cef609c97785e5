#pragma once

#include "fabric/config/config.hpp"
#include "fabric/exec/protocol.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"
#include "actors/runner_wire.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fabric::actors {

using connect_runner = std::function<expected<std::unique_ptr<runner_wire>>(runner_wire::callback)>;

/// How this node reaches, and if need be starts, its fabric-runner.
struct runner_settings {
  std::string node;
  std::uint64_t boot = 0;
  std::string socket;                             ///< Path of the runner's socket.
  std::vector<std::string> start_command;         ///< argv that starts a runner; empty: a unit of its own runs it.
  config::root config;                            ///< The node's own: it alone says what a class runs.
  std::map<std::string, std::string> environment; ///< fabricd's own; jobs get a part of it.
  duration renewal = std::chrono::seconds{5};
  /// Unset: over the socket. In tests: to a scripted runner.
  connect_runner connect;
  std::function<std::int64_t()> boottime_us; ///< Unset: CLOCK_BOOTTIME.
  /// What memory the host has available, in bytes; read once a second. Unset: nobody looks.
  std::function<std::optional<std::uint64_t>()> available_memory;
};

/// Spawns the link to the fabric-runner process of this node. It routes between the workers of the node and the
/// runner, renews the leases of everything the runner holds with one message, and connects again when the runner went.
runner_actor spawn_runner(caf::actor_system& sys, environment_ptr env, runner_settings how);

} // namespace fabric::actors
