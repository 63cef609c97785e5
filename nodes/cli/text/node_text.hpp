#pragma once

#include "actors/wire.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

/// What reload, policy and drain print. Pure.
namespace fabric::cli {

/// A line per value that changes; or that nothing does.
std::string change_text(const actors::change_receipt& what, bool dry_run);
nlohmann::json to_json(const actors::change_receipt& what);

/// The policy in force, marked among all there are.
std::string policy_text(const actors::config_text& what);

/// A line per attempt that was held, and what is left.
std::string drain_text(const actors::drain_report& what);
nlohmann::json to_json(const actors::drain_report& what);

} // namespace fabric::cli
