#include "fabric/handlers/thread_group.hpp"

#include <algorithm>
#include <thread>

namespace fabric::handlers {

void outbox::tell(began what) {
  const std::lock_guard lock{mutex};
  waiting.starts.push_back(what);
}

void outbox::tell(returned what) {
  const std::lock_guard lock{mutex};
  waiting.ends.push_back(std::move(what));
  if (waiting.ends.size() == 1 && wake) wake();
}

void outbox::has_spoken(fence_t fence) {
  const std::lock_guard lock{mutex};
  speakers.push_back(fence);
}

void thread_group::add(std::vector<work> more, std::uint32_t size) {
  const std::lock_guard lock{mutex_};
  size_ = std::max(size_, size);
  for (auto& one : more) queue_.push_back(std::move(one));
  start_threads();
  if (queue_.size() > 1)
    work_or_end_.notify_all();
  else
    work_or_end_.notify_one();
}

void thread_group::abandon(running& run) {
  const std::lock_guard lock{mutex_};
  if (run.at == phase::done || std::exchange(run.abandoned, true)) return;
  --threads_;
  start_threads();
}

void thread_group::start_threads() {
  while (!ending_ && threads_ < size_ && idle_ < queue_.size()) {
    std::thread([self = shared_from_this()] { self->run(); }).detach();
    ++threads_;
    ++idle_; // Until it has taken something.
  }
}

void thread_group::finish() {
  const std::lock_guard lock{mutex_};
  ending_ = true;
  queue_.clear();
  work_or_end_.notify_all();
}

/// The body of a thread, which is counted as idle.
void thread_group::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    work_or_end_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (ending_) break;
    const auto next = std::move(queue_.front());
    queue_.pop_front();
    --idle_;
    lock.unlock();
    perform(next);
    lock.lock();
    if (next.first->abandoned) return; // Another has taken its place.
    next.first->at = phase::done;
    ++idle_;
  }
}

void thread_group::perform(const work& what) {
  auto& run = *what.first;
  if (!run.leave_queue(phase::begun)) return;
  run.started = out_->now();
  out_->tell(began{run.what.fence, run.started});
  auto end = call(*what.second, run);
  end.at = out_->now();
  out_->tell(std::move(end));
}

} // namespace fabric::handlers
