#pragma once

#include "fabric/handlers/executor.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace fabric::actors::testing {

/// Threads that run nothing: what they are told is kept, and ends when the test says so.
class scripted_handlers {
public:
  explicit scripted_handlers(std::function<time_point()> now) : now_(std::move(now)) {}

  std::unique_ptr<handlers::executor> make(std::function<void()> wake) {
    wake_ = std::move(wake);
    return std::make_unique<executor>(*this);
  }

  /// Its handler returns, by itself or because it heeds a stop. @pre it runs.
  void end(job_id job, handlers::returned::way how = handlers::returned::way::result, std::string text = "1") {
    const auto fence = fence_of(job);
    running.erase(fence);
    waiting_.ends.push_back({fence, how, std::move(text), {}, now_()});
    wake_();
  }
  /// Its handler says this of its progress now. @pre it runs.
  void say(job_id job, std::string state) { waiting_.progress.push_back({fence_of(job), std::move(state), now_()}); }
  /// The newest that runs. @pre there is one.
  fence_t fence_of(job_id job) const {
    std::optional<fence_t> found;
    for (const auto& [fence, what] : running)
      if (what.job == job) found = fence;
    return found.value();
  }

  bool takes = true; ///< Begins at once what it is told to start.
  std::map<fence_t, handlers::task> running;
  std::set<fence_t> stopped;
  std::set<fence_t> abandoned;

private:
  struct executor final : handlers::executor {
    explicit executor(scripted_handlers& script) : of(script) {}
    void start(std::vector<handlers::task> tasks) override {
      for (auto& t : tasks) {
        if (of.takes) of.waiting_.starts.push_back({t.fence, of.now_()});
        of.running.emplace(t.fence, std::move(t));
      }
    }
    bool stop(fence_t fence) override {
      of.stopped.insert(fence);
      return !of.takes && of.running.erase(fence) > 0;
    }
    void abandon(fence_t fence) override { of.abandoned.insert(fence); }
    handlers::news take() override { return std::exchange(of.waiting_, {}); }
    scripted_handlers& of;
  };

  std::function<time_point()> now_;
  std::function<void()> wake_;
  handlers::news waiting_;
};

} // namespace fabric::actors::testing
