#pragma once

#include "fabric/supervision/restart.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <functional>
#include <string>
#include <vector>

namespace fabric::actors {

/// Tells an incarnation of a child to take no new work, and to hand back what it still holds at the deadline.
using drain_child = std::function<void(const caf::strong_actor_ptr&, time_point deadline)>;

/// One row of the child table.
struct child_spec {
  std::string name; ///< Its name in the directory.
  supervision::rule when = supervision::rule::permanent;
  supervision::intensity limit;
  std::function<caf::strong_actor_ptr()> start; ///< A fresh incarnation. Called in the supervisor's context.
  std::vector<std::string> takes_along;         ///< Children whose state depends on it: ended with it.
  drain_child drain{};                          ///< Unset: it takes no work.
};

/// A child that cannot be kept alive ends the process with this exit code, as does the end of supervisor or directory.
inline constexpr int exit_child_failed = 71;

/// Spawns the supervisor of one node. It starts the children in the order of the table and tells the directory of every
/// incarnation; it ends them in reverse order when asked to stop.
/// Once the node drains, every later incarnation is told so first of all: a crash does not end a drain.
supervisor_actor spawn_supervisor(caf::actor_system& sys, environment_ptr env, std::vector<child_spec> children,
                                  directory_actor directory);

/// Spawns the directory: name -> current handle. Tells every child of every other, and of itself.
directory_actor spawn_directory(caf::actor_system& sys);

} // namespace fabric::actors
