#pragma once

#include "nodes/cli/text/invocation.hpp"

namespace CLI {
class App;
}

namespace fabric::cli {

/// Adds the commands of operators, which write into `out` when they are used.
void add_orders(CLI::App& app, invocation& out);

/// The same for what is about a node as a whole.
void add_node_orders(CLI::App& app, invocation& out);

} // namespace fabric::cli
