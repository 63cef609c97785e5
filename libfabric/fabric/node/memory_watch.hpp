#pragma once

#include <cstdint>

/// Whether a host is short of memory, from what it has available now and again. Pure.
///
/// Short: less than `wanted`. Enough again: an eighth more than `wanted`, so that it does not change its mind with
/// every reading.
namespace fabric::node {

struct memory_state {
  bool low = false;
  std::uint64_t available = 0; ///< Bytes, at the last reading.
  std::uint64_t wanted = 0;    ///< node.memory_low.

  bool operator==(const memory_state&) const = default;
};

class memory_watch {
public:
  /// @param wanted 0: nothing is ever low.
  explicit memory_watch(std::uint64_t wanted) { state_.wanted = wanted; }

  /// @returns true if `low` changed.
  bool see(std::uint64_t available) {
    state_.available = available;
    const auto enough = state_.low ? state_.wanted + state_.wanted / 8 : state_.wanted;
    const bool before = state_.low;
    state_.low = available < enough;
    return state_.low != before;
  }

  const memory_state& state() const noexcept { return state_; }

private:
  memory_state state_;
};

} // namespace fabric::node
