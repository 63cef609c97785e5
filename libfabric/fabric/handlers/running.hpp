#pragma once

#include "fabric/handlers/outbox.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

/// One attempt that a handler runs, as its thread and its owner share it.
namespace fabric::handlers {

enum class phase : std::uint8_t { queued, begun, withdrawn, done };

class running {
public:
  /// @param to outlives this.
  running(task order, outbox& to) : what(std::move(order)), out(to) {}

  /// From queued to `next`; false if somebody was faster.
  bool leave_queue(phase next) {
    auto expected = phase::queued;
    return at.compare_exchange_strong(expected, next);
  }

  void request_stop() {
    const std::lock_guard lock{mutex};
    stop = true;
    stopping.notify_all();
  }

  /// Says how far it is, as JSON.
  void say(std::string state) {
    const auto now = out.now();
    std::unique_lock lock{mutex};
    progress = {what.fence, std::move(state), now};
    const bool first = !std::exchange(unheard, true);
    lock.unlock();
    if (first) out.has_spoken(what.fence);
  }
  /// What it said last. Empty if that was nothing.
  progressed listen() {
    const std::lock_guard lock{mutex};
    unheard = false;
    return progress;
  }

  const task what;
  outbox& out;
  std::atomic<phase> at = phase::queued;
  bool abandoned = false; ///< Under its group's mutex, as is the step to phase::done.
  time_point started{};   ///< Set when it begins.

  std::atomic<bool> stop = false;
  std::atomic<bool> saved = false; ///< A checkpoint, in this attempt.
  std::mutex mutex;                ///< For what follows.
  std::condition_variable stopping;
  progressed progress;  ///< The newest.
  bool unheard = false; ///< Nobody has looked at it.

  std::optional<nlohmann::json> input; ///< The handler's thread alone.
};

} // namespace fabric::handlers
