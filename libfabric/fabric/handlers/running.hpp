#pragma once

#include "fabric/handlers/executor.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

/// One attempt that a handler runs, as its thread and its owner share it.
namespace fabric::handlers {

enum class phase : std::uint8_t { queued, begun, withdrawn, done };

class running {
public:
  /// @param spool outlives this.
  running(task order, const std::string& in_spool) : what(std::move(order)), spool(in_spool) {}

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

  const task what;
  const std::string& spool;
  std::atomic<phase> at = phase::queued;
  bool abandoned = false; ///< Under its group's mutex, as is the step to phase::done.
  time_point started{};   ///< Set when it begins.

  std::atomic<bool> stop = false;
  std::atomic<bool> saved = false; ///< A checkpoint, in this attempt.
  std::mutex mutex;                ///< For what follows.
  std::condition_variable stopping;
  std::string progress; ///< JSON; empty: nothing said.

  std::optional<nlohmann::json> input; ///< The handler's thread alone.
};

} // namespace fabric::handlers
