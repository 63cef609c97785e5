#pragma once

#include "fabric/exec/classify.hpp"
#include "fabric/node/attempt_limits.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// An attempt's limits as its report has them, and what they have to do with its end. Pure.
namespace fabric::exec {

enum class enforced_by : std::uint8_t {
  cgroup,   ///< The kernel, for the whole tree.
  sampling, ///< The keeper, from samples of the whole tree.
  rlimit,   ///< The kernel, for each process.
  timer,    ///< The keeper's clock.
  cutting   ///< The keeper cuts the middle out.
};
std::string_view to_string(enforced_by how) noexcept;

/// What the keeper saw of the tree.
struct limit_readings {
  enforced_by memory_by = enforced_by::sampling;
  enforced_by processes_by = enforced_by::sampling;
  enforced_by cpu_by = enforced_by::sampling;
  std::uint64_t memory = 0;
  std::uint64_t processes = 0;
  std::int64_t cpu_us = 0;
};

/// One limit in force.
struct limit_row {
  std::string name; ///< Its key in the class's "limits".
  std::string unit; ///< "bytes", "us", "count".
  std::uint64_t limit = 0;
  std::optional<std::uint64_t> measured; ///< The most that was seen, where somebody looks.
  enforced_by how = enforced_by::rlimit;
  bool exceeded = false; ///< It ended the attempt.
};

struct limit_case {
  node::attempt_limits limits;
  std::int64_t wall_us = 0;
  std::uint64_t output_max = 0;
  limit_readings seen;
  std::int64_t ran_us = 0;
  std::uint64_t output = 0; ///< Bytes of the longer of stdout and stderr.
  stop_reason stopped = stop_reason::none;
  int wait_status = 0;
  std::int64_t stall_us = 0;
  std::int64_t silence_us = 0; ///< The longest without progress; of one that stalled, that before the stop.
  bool was_alive = false;      ///< It has said something of its progress.
};

/// The limits in force, in the order of the config.
std::vector<limit_row> limit_rows(const limit_case& c);

/// The verdict, its reason with the limit and what was measured where a limit had to do with it. A process that the
/// kernel killed for its CPU time has timed out.
verdict explain_limits(verdict v, const limit_case& c);

/// What is said of an attempt that was stopped because it stalled, behind the verdict's reason.
std::string stall_words(duration limit, duration silence, bool was_alive);

} // namespace fabric::exec
