#pragma once

#include "fabric/handlers/outbox.hpp"
#include "fabric/handlers/running.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace fabric::handlers {

/// Some threads and what they have to do. Held by its threads too: an abandoned one may outlive everybody else.
class thread_group : public std::enable_shared_from_this<thread_group> {
public:
  using work = std::pair<std::shared_ptr<running>, const handler*>;

  explicit thread_group(std::shared_ptr<outbox> out) : out_(std::move(out)) {}

  /// Takes the work, with at most `size` threads that are not abandoned.
  void add(std::vector<work> more, std::uint32_t size);
  /// The thread of this is lost, unless it is done; another may take its place.
  void abandon(running& run);
  /// Ends its threads as they become idle; what is still queued is not run.
  void finish();

private:
  void run();
  void start_threads(); ///< @pre mutex_ is held.
  void perform(const work& what);

  std::shared_ptr<outbox> out_;
  std::mutex mutex_;
  std::condition_variable work_or_end_;
  std::deque<work> queue_;
  std::uint32_t size_ = 0;
  std::uint32_t threads_ = 0; ///< Not abandoned.
  std::uint32_t idle_ = 0;
  bool ending_ = false;
};

/// Runs the handler and says what came of it. Never throws.
returned call(const handler& what, running& run);

} // namespace fabric::handlers
