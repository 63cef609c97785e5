#pragma once

#include "fabric/config/config.hpp"
#include "fabric/handlers/registry.hpp"

#include "nodes/fabricd/options.hpp"

namespace fabric::nodes {

/// Runs one node until it is drained, detached or broken. @returns the exit code; see options.cpp for what each means.
int run_node(const options& how, config::root config, handler_registry handlers);

} // namespace fabric::nodes
