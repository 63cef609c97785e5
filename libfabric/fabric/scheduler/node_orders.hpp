#pragma once

#include "fabric/config/config.hpp"
#include "fabric/error.hpp"

#include <optional>
#include <string>
#include <vector>

/// Checks what operators ask of nodes. Pure.
namespace fabric::scheduler {

inline constexpr duration longest_drain = std::chrono::hours{1};

/// The node that is meant: an empty name means this node, `own`. errc::not_found, naming those that are here: it is
/// not among them. @param here names, this node's own included.
expected<std::string> node_meant(const std::string& name, const std::string& own, const std::vector<std::string>& here);

/// How long what runs may take to end: `length`, else node.drain_timeout. errc::bad_input: more than longest_drain, or
/// negative.
expected<duration> drain_order(std::optional<duration> length, const config::root& all);

} // namespace fabric::scheduler
