#pragma once

#include "fabric/config/config.hpp"

#include "nodes/fabricd/assembly/child_table.hpp"
#include "nodes/fabricd/options.hpp"

#include <optional>
#include <string>
#include <vector>

namespace spdlog {
class logger;
}

/// What a node does before it has actors.
namespace fabric::nodes {

/// Makes node.data, for this user alone, or lets the classes' users pass through it. errc::io_error; errc::not_allowed:
/// it belongs to another user.
std::optional<error> prepare_data(const config::root& config);

/// Opens the store and what reads it. Errors: see sqlite_store; errc::unknown_lane: lanes with jobs are missing.
std::optional<error> open_store(const config::root& config, const data_paths& paths, spdlog::logger& log, outside& out);

/// argv of a runner for the slots of this configuration; empty: a unit of its own runs it.
std::vector<std::string> runner_command(const options& how, const data_paths& paths, const config::root& now);

} // namespace fabric::nodes
