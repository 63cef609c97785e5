#pragma once

#include "fabric/node/orders.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// When an attempt is asked to stop and when it is killed. Pure: instants and spans are microseconds of one clock that
/// also runs while the machine sleeps (CLOCK_BOOTTIME); they come in as arguments.
///
///   free --stop, wall--> asked --grace over--> killing          (the lease's end: killing at once, from anywhere)
///    |  ^
///    |  '-- the lease was extended, and the job outlived the end that it was warned of
///    '--80 % of a long lease--> warned
///
/// A warning is not a stop: a lease that is renewed after it lets the job go on.
namespace fabric::exec {

struct stop_terms {
  std::int64_t started_us = 0;
  std::int64_t deadline_us = 0; ///< End of the lease.
  std::int64_t wall_us = 0;     ///< Longest run time; 0: no limit.
  std::int64_t grace_us = 0;    ///< Between the soft signal of the wall limit, or for a stall, and SIGKILL.
  std::int64_t stall_us = 0;    ///< Longest silence, from the start or a sign of life to the next one; 0: no limit.
};

/// What is to be done at once.
struct stop_action {
  bool signal = false; ///< SIGTERM to the whole tree.
  bool kill = false;   ///< SIGKILL to the whole tree, until it is gone.
  std::string note;    ///< For the timeline; empty: nothing to say.

  bool operator==(const stop_action&) const = default;
};

class stop_plan {
public:
  stop_plan() = default;
  stop_plan(const stop_terms& terms, std::int64_t now);

  /// An order to stop. Repeats are harmless: they can only bring SIGKILL nearer, and a second soft signal is sent only
  /// after a mere warning. The first reason stays, except that what a client asked for beats what the fabric wanted.
  stop_action stop(stop_reason why, std::int64_t grace_us, std::int64_t now);

  /// The lease ends later (never earlier).
  void extend(std::int64_t deadline_us, std::int64_t now);

  /// The job has said something of its progress.
  void alive(std::int64_t now);

  /// Does what is due.
  stop_action tick(std::int64_t now);

  /// The instant of the next tick; nullopt once the tree is being killed.
  std::optional<std::int64_t> next_due() const;

  /// Why an attempt that ended now ended: `lease` also for one that heeds the warning.
  stop_reason reason() const noexcept {
    return asked_ == stop_reason::none && warned_until_ != 0 ? stop_reason::lease : asked_;
  }
  std::int64_t deadline() const noexcept { return terms_.deadline_us; }
  bool killing() const noexcept { return killing_; }
  /// The longest silence until `now`; of an attempt that stalled the one that it was stopped for.
  std::int64_t silence(std::int64_t now) const;
  bool was_alive() const noexcept { return was_alive_; }

private:
  void plan_warning(std::int64_t now);
  std::optional<std::int64_t> stall_due() const;
  stop_action ask(stop_reason why, std::int64_t grace_us, std::int64_t now);
  stop_action kill(stop_reason why, std::string note);

  stop_terms terms_;
  stop_reason asked_ = stop_reason::none;
  std::int64_t kill_at_ = 0;      ///< End of the grace; 0: nobody asked.
  std::int64_t warn_at_ = 0;      ///< When a long lease gets its soft signal; 0: never, or done.
  std::int64_t warned_until_ = 0; ///< The end that the job was warned of; 0: not warned, or it outlived that end.
  bool wall_over_ = false;
  std::int64_t alive_at_ = 0; ///< The newest sign of life, or the start.
  std::int64_t silence_ = 0;  ///< The longest that is over.
  bool was_alive_ = false;
  bool killing_ = false;
};

} // namespace fabric::exec
