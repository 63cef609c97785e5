#pragma once

#include "fabric/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace fabric::lane {

/// Since when the ready jobs of a lane are ready: how many per span of time, in a bounded number of spans. A span is
/// 100 ms; while jobs of more than `spans_max` such times wait it doubles, and is 100 ms again once none waits.
class ready_times {
public:
  static constexpr std::size_t spans_max = 1024;

  void add(time_point at);
  /// @pre it was added (asserted).
  void remove(time_point at);
  void clear();

  /// The begin of the oldest span with a job: at most one span too early.
  std::optional<time_point> oldest() const;

private:
  std::int64_t span_of(time_point at) const;

  std::map<std::int64_t, std::uint64_t> counts_;
  int doubled_ = 0; ///< A span is 100 ms times two to this power.
};

} // namespace fabric::lane
