#pragma once

#include "fabric/config/config.hpp"
#include "fabric/handlers/registry.hpp"
#include "fabric/store/job_store.hpp"

#include "actors/compat.hpp"
#include "actors/configurator.hpp"
#include "actors/environment.hpp"
#include "actors/handler_pool.hpp"
#include "actors/publisher.hpp"
#include "actors/runner.hpp"
#include "actors/supervisor.hpp"
#include "actors/uplink.hpp"
#include "actors/worker.hpp"

#include <functional>
#include <memory>
#include <vector>

/// Which actors a node has, with what, and in which order: the child table. Wiring only.
namespace fabric::nodes {

/// Where a node keeps its things, below node.data.
struct data_paths {
  explicit data_paths(const std::string& data);
  std::string store;  ///< SQLite file.
  std::string spool;  ///< Directory.
  std::string socket; ///< Of the runner.
  std::string ledger; ///< Of the runner.
};

/// Where a node touches the world outside of its actors. Tests in virtual time give their own.
struct outside {
  std::shared_ptr<store::job_store> store; ///< Given to the store actor, the only one to keep it.
  /// A connection of its own for each reader.
  std::function<expected<std::shared_ptr<store::job_reader>>()> open_reader;
  /// argv that starts a runner under this configuration. Unset, or empty: none is started.
  std::function<std::vector<std::string>(const config::root&)> runner_command{};
  actors::connect_runner connect{};                                 ///< Unset: over the socket.
  std::function<std::int64_t()> boottime_us{};                      ///< Unset: CLOCK_BOOTTIME.
  std::function<std::optional<std::uint64_t>()> available_memory{}; ///< Unset: node.memory_low is not in force.
  std::function<node::descriptors()> descriptors{};                 ///< Unset: nobody looks what is free.
  handler_registry handlers{};                                      ///< Those that this program has.
  actors::make_executor run_handlers{};                             ///< Unset: on threads.
  actors::door door{};                                              ///< Unset: CAF's middleman.
  actors::dial_face dial{};                                         ///< Unset: over the network.
  actors::spawn_as blocking = actors::spawn_as::detached;
  /// Around the policy of each actor. Unset: as it is.
  std::function<std::shared_ptr<policy::lane_policy>(std::shared_ptr<policy::lane_policy>)> wrap_policy{};

  // Called in the actors' context.
  std::function<void(std::uint16_t)> on_published; ///< The scheduler can be reached.
  std::function<void()> on_joined{};               ///< The node has joined its cell. Unset: nobody is told.
  actors::worker_callbacks of_workers;
  std::function<void(std::uint32_t)> on_too_many_leaked{};     ///< Handlers that do not return. Unset: nobody is told.
  std::function<void()> detach;                                ///< An operator wants the node to.
  std::function<void(std::vector<actors::child_spec>)> revise; ///< This is the child table from now on.
};

struct parts {
  std::shared_ptr<actors::live_config> live;
  data_paths paths;
  std::uint64_t boot = 0;
  outside out;
  actors::directory_actor directory; ///< That of the supervisor.
  std::string file{};                ///< Where the configuration was read.
  actors::read_config read{};        ///< Reads it again. Unset: there is no file.
};

/// The children of this node's supervisor, in the order in which they start.
std::vector<actors::child_spec> child_table(caf::actor_system& sys, actors::environment_ptr env, parts with);

} // namespace fabric::nodes
