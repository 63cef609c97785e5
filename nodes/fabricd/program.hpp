#pragma once

#include "fabric/handlers/job_context.hpp"
#include "fabric/handlers/registry.hpp"

/// A node with handlers of its own: what a program's main() calls that links the fabric.
///
///     int main(int argc, char** argv) { return fabric::node_program(argc, argv, {{"resize", resize}}); }
namespace fabric {

/// Does what `fabricd` does with this command line, until the node is drained, detached or broken. Jobs of the classes
/// that name one of `more`, or of built_in_handlers(), run in this process; of the same name `more` wins. Called from
/// main() while there is no other thread: signals are blocked for all that follow. May end the process by itself.
/// @returns the exit code, see `fabricd --help`.
int node_program(int argc, char** argv, handler_registry more = {});

} // namespace fabric
