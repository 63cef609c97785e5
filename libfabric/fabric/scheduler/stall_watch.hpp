#pragma once

#include "fabric/lane/lane.hpp"

#include <map>
#include <optional>
#include <string>

/// The alarm for what must never be: a ready job, a slot that could run it, and nothing assigned for a while. It looks
/// at the lanes from outside, so that a fault of theirs cannot silence it. Pure.
namespace fabric::scheduler {

class stall_watch {
public:
  explicit stall_watch(duration limit) : limit_(limit) {}

  /// What a lane said when it was asked; nullopt: it did not answer. Ask each a few times per limit.
  /// @returns the alarm, once per stall: one ends when a lease is granted or there is nothing to grant.
  std::optional<std::string> observe(const std::string& lane, const std::optional<lane::status>& said, time_point now);

private:
  struct stall {
    time_point since{};
    std::uint64_t granted = 0;
    bool told = false;
  };

  duration limit_;
  std::map<std::string, stall> stalls_;
};

} // namespace fabric::scheduler
