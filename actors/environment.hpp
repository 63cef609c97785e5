#pragma once

#include "fabric/time.hpp"

#include <functional>
#include <memory>
#include <string>

namespace spdlog {
class logger;
}

/// What every actor gets at its birth and nobody may change: the clock, the log, and the way out.
namespace fabric::actors {

/// Where an actor that blocks (in fsync, in reads) runs: on a thread of its own, or, in tests in virtual time, on the
/// scheduler's like all others.
enum class spawn_as { detached, in_scheduler };

struct environment {
  std::function<time_point()> now;                   ///< Never jumps; see fabric/time.hpp. Callable from any thread.
  std::shared_ptr<spdlog::logger> log;               ///< Thread-safe.
  std::function<void(int, const std::string&)> fail; ///< Ends the process at once with this exit code and message.
};

using environment_ptr = std::shared_ptr<const environment>;

} // namespace fabric::actors
