#pragma once

#include "fabric/config/load.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"
#include "actors/live_config.hpp"
#include "actors/wire.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace spdlog {
class logger;
}

namespace fabric::actors {

/// Reads the configuration as at the start: the file, and what was given beside it.
using read_config = std::function<tl::expected<config::loaded, config::problems>()>;

/// Reads it. Nullopt: `reply` and the log say what is wrong with `file`, and all stays as it is.
std::optional<config::loaded> read_again(const read_config& read, const std::string& file, spdlog::logger& log,
                                         change_receipt& reply);

struct configurator_settings {
  std::shared_ptr<live_config> live;
  std::string file;             ///< For those who ask.
  read_config read;             ///< Unset: there is nothing to read again.
  std::function<void()> revise; ///< The child table may be another one. Called in the configurator's context.
};

/// Spawns the keeper of the configuration in force. A change is checked; then everybody works by it and says so; then
/// the store checks that no lane without a place in it has jobs, else everybody goes back to the one before.
configurator_actor spawn_configurator(caf::actor_system& sys, environment_ptr env, configurator_settings how);

} // namespace fabric::actors
