#pragma once

#include "fabric/exec/attempt_cgroup.hpp"
#include "fabric/exec/limit_watch.hpp"
#include "fabric/exec/report.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// Watches the limits of the attempt below this process: by its cgroup where that helps, else by samples. An attempt
/// without such limits costs nothing.
namespace fabric::exec {

class limit_guard {
public:
  limit_guard() = default; ///< Watches nothing.
  /// @param slot the slot's cgroup; may be empty.
  limit_guard(const node::attempt_limits& limits, const std::string& slot);

  /// cgroup.procs for the job's first process; -1: none.
  int door() const noexcept { return cgroup_.door(); }

  /// The job has started.
  void begin(std::int64_t now) { watch_ = limit_watch(limits_, now); }

  /// CLOCK_BOOTTIME instant of the next look(); 0: never.
  std::int64_t due() const noexcept { return watch_.next_due(); }

  /// @returns the limit that the tree is over, each once; none otherwise.
  stop_reason look(const usage_totals& reaped, std::int64_t now);

  /// After the end: the limit for which the kernel killed or refused; none otherwise.
  stop_reason look_back();

  /// What was seen and how, for the report. @param reaped of the whole tree, when it is gone.
  limit_readings readings(const usage_totals& reaped) const;

private:
  tree_sample sample(const usage_totals& reaped, bool exactly) const;

  node::attempt_limits limits_;
  attempt_cgroup cgroup_;
  limit_watch watch_;
};

} // namespace fabric::exec
