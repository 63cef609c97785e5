#pragma once

#include "actors/child_spec.hpp"
#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <vector>

namespace fabric::actors {

/// A child that cannot be kept alive ends the process with this exit code, as does the end of supervisor or directory.
inline constexpr int exit_child_failed = 71;

/// Spawns the supervisor of one node. It starts the children in the order of the table and tells the directory of every
/// incarnation; it ends them in reverse order when asked to stop.
/// A revised table starts and ends children, and leaves alone those that are in both.
/// Once the node drains, every later incarnation is told so first of all: a crash does not end a drain.
supervisor_actor spawn_supervisor(caf::actor_system& sys, environment_ptr env, std::vector<child_spec> children,
                                  directory_actor directory);

/// Spawns the directory: name -> current handle. Tells every child of every other, and of itself.
directory_actor spawn_directory(caf::actor_system& sys);

} // namespace fabric::actors
