#pragma once

#include "fabric/exec/bounds.hpp"
#include "fabric/exec/protocol.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

/// What the attempts of one runner have said of their progress: the newest of each, for a fabricd that is told of all
/// changes together, at most once per bounds::progress_pace. Pure.
namespace fabric::exec {

class progress_board {
public:
  void hear(has_progressed said) {
    news_.insert(said.fence);
    newest_[said.fence] = std::move(said);
  }
  /// It does not run any more.
  void forget(fence_t fence) {
    news_.erase(fence);
    newest_.erase(fence);
  }
  /// Another fabricd, which knows nothing yet.
  void start_over() {
    for (const auto& [fence, said] : newest_) news_.insert(fence);
    told_at_ = 0;
  }

  /// When there is something to tell; 0: never.
  std::int64_t next_due() const { return news_.empty() ? 0 : told_at_ + bounds::progress_pace; }

  /// What changed since the last time. Empty before next_due().
  std::vector<has_progressed> take(std::int64_t now) {
    std::vector<has_progressed> all;
    if (news_.empty() || now < next_due()) return all;
    told_at_ = now;
    for (const auto fence : std::exchange(news_, {})) all.push_back(newest_.at(fence));
    return all;
  }

private:
  std::map<fence_t, has_progressed> newest_;
  std::set<fence_t> news_;
  std::int64_t told_at_ = 0;
};

} // namespace fabric::exec
