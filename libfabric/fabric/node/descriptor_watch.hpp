#pragma once

#include <algorithm>
#include <cstdint>

/// Whether a process runs out of descriptors, from the lowest one that is free now and again. Pure.
namespace fabric::node {

struct descriptors {
  std::uint64_t lowest_free = 0; ///< The limit, if none is free. Those below it are taken; some above it may be.
  std::uint64_t limit = 0;
};

class descriptor_watch {
public:
  /// Few: less than a 16th of the limit is left, or less than 16. Enough again: twice as much.
  /// @returns true if that changed.
  bool see(const descriptors& now) {
    const auto margin = std::max<std::uint64_t>(16, now.limit / 16);
    const auto left = now.limit - std::min(now.limit, now.lowest_free);
    const bool before = few_;
    few_ = left < (few_ ? 2 * margin : margin);
    return few_ != before;
  }

  bool few() const noexcept { return few_; }

private:
  bool few_ = false;
};

} // namespace fabric::node
