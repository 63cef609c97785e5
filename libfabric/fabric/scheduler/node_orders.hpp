#pragma once

#include "fabric/config/config.hpp"
#include "fabric/error.hpp"

#include <optional>
#include <string>

/// Checks what operators ask of nodes. Pure.
namespace fabric::scheduler {

inline constexpr duration longest_drain = std::chrono::hours{1};

/// errc::not_found unless `name` is empty or this node's.
expected<void> check_node(const std::string& name, const config::root& all);

/// How long what runs may take to end: `length`, else node.drain_timeout. errc::not_found; errc::bad_input: more than
/// longest_drain, or negative.
expected<duration> drain_order(const std::string& name, std::optional<duration> length, const config::root& all);

} // namespace fabric::scheduler
