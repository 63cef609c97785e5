#pragma once

#include "fabric/config/config.hpp"

#include <cstdint>
#include <string>

/// The configuration as JSON: every option, defaults too. Loading it gives the same configuration. Pure.
namespace fabric::config {

/// @param indent spaces per level; negative: one line.
std::string dump(const root& all, int indent = 2);

/// One class alone, as in "classes".
std::string dump(const job_class& one, int indent = 2);

/// A hash of what a node decides about a class: command, cwd, env, user and limits. The same in every build and on
/// every host (64-bit FNV-1a over their JSON). What the scheduler decides (lane, attempts, backoff, enabled) is not in
/// it, so switching a class off does not look like a node with another command.
std::uint64_t class_hash(const job_class& one);

} // namespace fabric::config
