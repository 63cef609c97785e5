#pragma once

#include "fabric/error.hpp"
#include "fabric/exec/protocol.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// fabricd's end of the connection to its fabric-runner. A thread of its own reads, and writes what the socket did not
/// take at once, so that nobody who sends ever waits for a frozen runner.
namespace fabric::exec {

class runner_link {
public:
  /// Called on the link's thread, with at least one frame or with closed == true, which comes once and last.
  using callback = std::function<void(std::vector<from_runner> frames, bool closed)>;

  /// Connects to the runner's socket. errc::unavailable when nobody listens there; errc::io_error otherwise.
  static expected<std::unique_ptr<runner_link>> connect(const std::string& socket_path, callback on_frames);

  /// Closes the connection and waits for the thread. Frames not yet written are given up after 1 s.
  ~runner_link();

  /// Queues a frame, to be written by the next flush(). Thread-safe.
  void send(const to_runner& what);

  /// Writes what is queued as far as the socket takes it; the thread writes the rest. Thread-safe, never blocks.
  void flush();

private:
  class io;
  explicit runner_link(std::unique_ptr<io> impl);
  std::unique_ptr<io> io_;
};

} // namespace fabric::exec
