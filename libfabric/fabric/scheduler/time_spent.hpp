#pragma once

#include "fabric/job/job.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// Where a job's time went. Pure.
namespace fabric::scheduler {

enum class activity : std::uint8_t {
  waited = 1,  ///< For its time, its turn or a slot.
  backed_off,  ///< The same after a failed attempt: the backoff, then its turn.
  was_started, ///< From the lease to the process.
  ran,         ///< From process start until its tree was gone.
  was_settled, ///< From then until the end was committed.
  not_started, ///< Leased, but no process ever ran.
  is_waiting,  ///< The last part of a job that is not finished.
  is_running,
  earlier, ///< Went into attempts that are no longer kept, the last of which is named.
};

std::string_view to_string(activity what);

struct time_part {
  activity what = activity::waited;
  std::uint32_t attempt = 0; ///< The attempt it belongs to, or that followed; 0: none.
  duration length{};

  bool operator==(const time_part&) const = default;
};

/// Parts in their order, none of length 0. They add up to the time from submission to the end of the job, or to `now`
/// while it lives. Clocks of nodes may differ: an instant that would go back in time counts as the latest known before.
/// @param attempts ascending; those of long ago may be missing.
std::vector<time_part> time_spent(const job& row, std::span<const attempt> attempts, time_point now);

} // namespace fabric::scheduler
