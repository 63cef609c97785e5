#pragma once

#include "fabric/handlers/executor.hpp"
#include "fabric/handlers/registry.hpp"

#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace fabric::handlers {

/// What the threads need and what they have to tell; outlives them all.
struct outbox {
  handler_registry handlers;
  std::string spool;
  std::function<time_point()> now;
  std::mutex mutex; ///< For what follows.
  std::function<void()>
      wake; ///< For what is returned, not for what began or was said: the owner looks for that itself.
  news waiting;
  std::vector<fence_t> speakers; ///< Have said something that nobody has looked at; what, stands with each.

  void tell(began what);
  void tell(returned what);
  void has_spoken(fence_t fence);
};

} // namespace fabric::handlers
