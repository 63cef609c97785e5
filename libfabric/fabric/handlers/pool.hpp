#pragma once

#include "fabric/config/config.hpp"
#include "fabric/exec/liaison.hpp"
#include "fabric/handlers/executor.hpp"

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

/// The handler pool machine: the attempts that this node's own program runs. It says the same to the workers as the
/// liaison does for processes, and renews the leases of what it holds. Nothing of it survives the process: the next
/// fabricd's list lacks these attempts. Pure.
///
///   queued --began--> runs --returned--> ended --forgotten-->
///      '--stop-->ended  |--stop--> asked --grace over--> leaked --returned--> ended
namespace fabric::handlers {

struct pool_settings {
  std::string node;
  config::root config;
  std::set<std::string> handlers; ///< Names of those that this program has.
  std::uint32_t cores = 1;
  duration renewal = std::chrono::seconds{5};
};

/// Of a handler that is done sooner nobody is told that it has begun.
inline constexpr duration look_after = std::chrono::milliseconds{10};

// -- events -----------------------------------------------------------------------------------------------------------

/// Nothing of this may stay: hand back all that runs (detach). Answered by `all_released`.
struct release_all {
  duration grace{};
};
struct pool_tick {};

using pool_event = std::variant<exec::worker_joined, exec::worker_ordered, exec::leases_answered, exec::membership_up,
                                news, release_all, pool_tick, exec::reconfigured>;

// -- effects ----------------------------------------------------------------------------------------------------------

struct run_task {
  task what;
};
/// Answer `stop_answered` at once: whether it had not begun.
struct ask_to_stop {
  fence_t fence = 0;
};
struct abandon_task {
  fence_t fence = 0;
};
/// Take what there is to take.
struct look_at_tasks {};
struct all_released {};
/// More handlers do not return than may: the node must end.
struct too_many_leaked {
  std::uint32_t leaked = 0;
};

using pool_effect = std::variant<exec::tell_worker, exec::renew_fences, exec::complaint, exec::raise_alarm, run_task,
                                 ask_to_stop, abandon_task, look_at_tasks, all_released, too_many_leaked>;
using pool_effects = std::vector<pool_effect>;

class pool {
public:
  explicit pool(pool_settings how);

  pool_effects handle(pool_event what, time_point now);
  /// `ask_to_stop` found it not begun, and it will not.
  pool_effects withdrawn(fence_t fence, time_point now);
  std::optional<time_point> wake_at() const;
  /// nullopt: it is not held, or has said nothing that was looked at.
  std::optional<seen_progress> progress_of(fence_t fence, time_point now) const;

private:
  struct held {
    held_attempt what;
    const config::job_class* how = nullptr;
    duration grace{};
    time_point lease_end{};
    time_point started = no_time;
    bool told = false; ///< The worker knows that it runs.
    bool leaked = false;
    stop_reason stopped = stop_reason::none;
    time_point asked_at{};
    time_point patience{};  ///< When it must have returned. Meaningful once stopped.
    std::string progress{}; ///< What it said last; empty: nothing.
    time_point progress_at = no_time;
    duration silence{}; ///< For which it was stopped, if it was for that.
  };

  void on(const exec::worker_joined& e);
  void on(exec::worker_ordered& e);
  void on(const exec::leases_answered& e);
  void on(const exec::membership_up& e);
  void on(news& e);
  void on(const release_all& e);
  void on(const pool_tick& e);
  void on(exec::reconfigured& e);

  void find_classes();
  void fetch(const std::string& lane, fence_t fence);
  void run(node::run_attempt& e);
  void refuse(const start_order& order, std::string why);
  void stop(fence_t fence, stop_reason why, duration grace);
  void leak(fence_t fence, held& h);
  void end(fence_t fence, const held& h, attempt_end what);
  void ended(returned& e);
  void tell_started();
  void check(fence_t fence, held& h);
  void check_suspects();
  void check_released();
  void renew();
  void wake_by(time_point t) { due_ = due_ ? std::min(*due_, t) : t; }
  std::optional<time_point> due(const held& h) const;
  std::optional<time_point> stall_due(const held& h) const;

  pool_settings how_;
  std::list<config::root> before_; ///< Configurations under which something of `held_` was started.
  time_point now_{};
  pool_effects out_;
  std::set<std::string> lanes_;      ///< Whose workers have joined.
  std::vector<std::string> classes_; ///< That can run here, sorted.
  std::unordered_map<fence_t, held> held_;
  std::map<fence_t, attempt_ended> ended_; ///< Not forgotten yet.
  std::vector<fence_t> fresh_;             ///< Began, and the worker may have to be told.
  std::vector<fence_t> suspects_;          ///< Silent for too long, unless a look at them shows otherwise.
  std::uint32_t untold_ = 0;               ///< Held, and not known to have begun.
  std::uint32_t leaked_ = 0;
  bool releasing_ = false;
  bool gave_up_ = false;           ///< Said too_many_leaked.
  std::optional<time_point> due_;  ///< No attempt needs anything before.
  std::optional<time_point> look_; ///< When to see what has begun.
  time_point next_renewal_ = no_time;
  std::uint64_t renewal_seq_ = 0;
  std::map<std::uint64_t, time_point> renewals_; ///< When each was sent: its leases count from then.
};

} // namespace fabric::handlers
