#pragma once

#include "fabric/config/load.hpp"
#include "fabric/handlers/registry.hpp"

#include "actors/configurator.hpp"
#include "nodes/fabricd/options.hpp"

namespace fabric::nodes {

/// Runs one node until it is drained, detached or broken.
/// @param read reads the configuration again.
/// @returns the exit code; see options.cpp for what each means.
int run_node(const options& how, actors::read_config read, config::loaded config, handler_registry handlers);

} // namespace fabric::nodes
