#pragma once

#include "fabric/job/states.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The only place that knows fast-first from slow-first. Pure: no clock, no I/O; randomness comes in as `draw`.
/// The scheduler calls place; each lane calls the rest. One instance per caller, built from the same config.
namespace fabric::policy {

enum class demotion_mode : std::uint8_t { restart = 1, resume = 2, carry = 3 };

/// A lane as configured, in the order of the config; the first is the fastest. The last three are its `on_timeout`.
struct lane_info {
  std::string name;
  std::optional<duration> budget{};   ///< Unset: no limit.
  std::string move_to{};              ///< Empty: the policy chooses.
  std::vector<demotion_mode> modes{}; ///< In order of preference; restart is always added as the last resort.
  bool fail = false;                  ///< An attempt over its budget has timed out instead of moving.
};

/// What happens in a lane now.
struct lane_view {
  std::uint64_t queued = 0;
  duration oldest_wait{};
  std::uint32_t slots = 0;
  std::uint32_t busy = 0;
};

/// What happens in a class: quantiles of the run time of its succeeded attempts; zero until some are known.
struct class_view {
  duration p50{}, p95{}, p99{};
  std::uint64_t samples = 0;
};

struct view {
  std::map<std::string, lane_view> lanes;
  std::map<std::string, class_view> classes;
};

/// A job as policies see it.
struct job_facts {
  std::uint64_t id = 0;
  std::string job_class;
  std::string owner;
  std::uint32_t priority = 0;
  std::uint32_t attempt = 0;
  bool demoted = false;
  std::string overflow_from{}; ///< Set while another lane's idle slot has it: the lane it was placed in.
};

/// What to do with an attempt that outstayed its lane's budget.
struct timeout_decision {
  enum class kind : std::uint8_t { move, extend, fail };
  kind what = kind::fail;
  std::string move_to;              ///< For move.
  std::vector<demotion_mode> modes; ///< For move: in order of preference; never empty then.
  duration extension{};             ///< For extend.
};

/// Whether an attempt that is stopped under these modes may save its work: whatever cannot be carried is resumed or
/// restarted, whichever comes first.
constexpr bool resumes(const std::vector<demotion_mode>& modes) {
  for (const auto mode : modes)
    if (mode != demotion_mode::carry) return mode == demotion_mode::resume;
  return false;
}

class lane_policy {
public:
  virtual ~lane_policy() = default;

  /// Lane for a new job. `draw` is uniform in [0, 1).
  virtual std::string place(const job_facts& job, const view& now, double draw) const = 0;

  /// An attempt of `job` in `lane` is over its budget.
  virtual timeout_decision on_timeout(const job_facts& job, const std::string& lane, const view& now) const = 0;

  /// Lanes whose waiting fresh jobs an idle slot of `lane` may take, best first.
  virtual std::vector<std::string> overflow(const std::string& lane, const view& now) const = 0;

  /// Lanes whose idle slots are to take waiting fresh jobs of `lane`, best first; lanes not named come after these.
  virtual std::vector<std::string> helpers(const std::string& /*lane*/) const { return {}; }

  /// What a learning policy keeps of a finished attempt.
  virtual void finished(const job_facts& /*job*/, outcome /*how*/, duration /*run_time*/) {}
};

} // namespace fabric::policy
