#pragma once

#include "fabric/error.hpp"
#include "fabric/exec/protocol.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fabric::actors {

/// The connection to a fabric-runner, as its link actor uses it. Its destruction closes it.
class runner_wire {
public:
  virtual ~runner_wire() = default;
  virtual void send(const exec::to_runner& what) = 0; ///< Queues it for the next flush().
  virtual void flush() = 0;                           ///< Never blocks.

  /// Gets at least one frame, or closed == true once and last. Callable from any thread.
  using callback = std::function<void(std::vector<exec::from_runner> frames, bool closed)>;
};

/// Connects over the runner's socket. errc::unavailable when nobody listens there; errc::io_error otherwise.
expected<std::unique_ptr<runner_wire>> connect_wire(const std::string& socket, runner_wire::callback on_frames);

} // namespace fabric::actors
