#pragma once

#include "fabric/handlers/executor.hpp"
#include "fabric/handlers/registry.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace fabric::handlers {

class running;
class thread_group;
struct outbox;

struct thread_executor_settings {
  handler_registry handlers;
  std::string spool;               ///< For checkpoint directories.
  std::function<time_point()> now; ///< Callable from any thread.
  std::function<void()> wake;      ///< There is something to take. Called from any thread; must not call back.
};

/// Runs handlers on groups of threads, each as large as its tasks say; threads are started when they are needed. Its
/// destruction asks everything to stop and waits for nothing: what goes on is heard of no more.
class thread_executor final : public executor {
public:
  explicit thread_executor(thread_executor_settings how);
  ~thread_executor() override;

  /// @pre each task's handler is in the registry.
  void start(std::vector<task> tasks) override;
  bool stop(fence_t fence) override;
  void abandon(fence_t fence) override;
  news take() override;

private:
  std::shared_ptr<outbox> outbox_; ///< Outlives this while there are threads.
  std::unordered_map<std::string, std::shared_ptr<thread_group>> groups_;
  std::unordered_map<fence_t, std::shared_ptr<running>> running_;
};

} // namespace fabric::handlers
