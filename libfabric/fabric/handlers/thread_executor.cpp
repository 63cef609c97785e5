#include "fabric/handlers/thread_executor.hpp"

#include "fabric/handlers/thread_group.hpp"

#include <map>

namespace fabric::handlers {

thread_executor::thread_executor(thread_executor_settings how) : outbox_(std::make_shared<outbox>()) {
  outbox_->handlers = std::move(how.handlers);
  outbox_->spool = std::move(how.spool);
  outbox_->now = std::move(how.now);
  outbox_->wake = std::move(how.wake);
}

thread_executor::~thread_executor() {
  {
    const std::lock_guard lock{outbox_->mutex};
    outbox_->wake = nullptr;
  }
  for (auto& [fence, run] : running_) run->request_stop();
  for (auto& [name, group] : groups_) group->finish();
}

void thread_executor::start(std::vector<task> tasks) {
  std::map<std::string, std::pair<std::vector<thread_group::work>, std::uint32_t>> by_group;
  for (auto& what : tasks) {
    auto& [work, size] = by_group[what.threads];
    size = what.size;
    const auto* function = &outbox_->handlers.at(what.handler);
    const auto fence = what.fence;
    auto run = std::make_shared<running>(std::move(what), *outbox_);
    running_[fence] = run;
    work.emplace_back(std::move(run), function);
  }
  for (auto& [name, added] : by_group) {
    auto& group = groups_[name];
    if (!group) group = std::make_shared<thread_group>(outbox_);
    group->add(std::move(added.first), added.second);
  }
}

bool thread_executor::stop(fence_t fence) {
  const auto found = running_.find(fence);
  if (found == running_.end()) return false;
  if (found->second->leave_queue(phase::withdrawn)) {
    running_.erase(found);
    return true;
  }
  found->second->request_stop();
  return false;
}

void thread_executor::abandon(fence_t fence) {
  const auto found = running_.find(fence);
  if (found != running_.end()) groups_[found->second->what.threads]->abandon(*found->second);
}

news thread_executor::take() {
  news all;
  std::vector<fence_t> speakers;
  {
    const std::lock_guard lock{outbox_->mutex};
    std::swap(all, outbox_->waiting);
    std::swap(speakers, outbox_->speakers);
  }
  for (const auto fence : speakers)
    if (const auto found = running_.find(fence); found != running_.end())
      all.progress.push_back(found->second->listen());
  for (const auto& end : all.ends) running_.erase(end.fence);
  return all;
}

} // namespace fabric::handlers
