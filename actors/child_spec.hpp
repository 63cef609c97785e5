#pragma once

#include "fabric/supervision/restart.hpp"
#include "fabric/time.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/fwd.hpp>

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

} // namespace fabric::actors
