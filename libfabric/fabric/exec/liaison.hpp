#pragma once

#include "fabric/config/config.hpp"
#include "fabric/exec/protocol.hpp"
#include "fabric/node/command.hpp"
#include "fabric/node/memory_watch.hpp"
#include "fabric/node/worker.hpp"
#include "fabric/store/operations.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What a node knows of its runner: what that holds, what it said of it, and until when the leases last. It routes
/// between the node's workers and the runner, and renews all leases with one message. Pure.
///
///   away --link_up--> greeting --hello, then all ends--> ready --link_down--> away
namespace fabric::exec {

struct liaison_settings {
  std::string node;
  config::root config;                            ///< The node's own: it alone says what a class runs.
  std::map<std::string, std::string> environment; ///< fabricd's own; jobs get a part of it.
  duration renewal = std::chrono::seconds{5};
};

/// One instant on both clocks: they run at the same speed, only their zero differs.
struct instant {
  time_point now{};
  std::int64_t boottime_us = 0; ///< CLOCK_BOOTTIME, which the runner's frames speak.
};

// -- events -----------------------------------------------------------------------------------------------------------

struct link_up {};
struct link_down {};
struct link_said {
  from_runner frame;
};
struct worker_joined {
  std::string lane;
};
/// @pre order is run_attempt, stop_attempt, forget_attempt or fetch_attempt; others are ignored.
struct worker_ordered {
  std::string lane;
  node::worker_effect order;
};
/// Membership's answer to the renewal numbered `seq`.
struct leases_answered {
  std::uint64_t seq = 0;
  std::vector<std::pair<fence_t, duration>> lengths;
};
/// Membership is (again) at hand.
struct membership_up {};
/// Membership has lengthened every lease; the runner is to know before `outage_known`.
struct outage_granted {};
/// The classes whose command can run here now, sorted.
struct classes_found {
  std::vector<std::string> names;
};
/// What memory the host has available, in bytes.
struct memory_seen {
  std::uint64_t available = 0;
};
/// These need no directories any longer: jobs with all their attempts and checkpoints, and single attempts.
struct spool_pruned {
  std::vector<store::pruned_job> jobs;
  std::vector<std::pair<job_id, std::uint32_t>> attempts;
  std::vector<job_id> resets; ///< Of these jobs, which stay, the checkpoints. Kept until there is a runner.
};
/// Another configuration is in force; the classes that can run are found anew.
struct reconfigured {
  config::root config;
};
struct liaison_tick {};

using liaison_event =
    std::variant<link_up, link_down, link_said, worker_joined, worker_ordered, leases_answered, membership_up,
                 outage_granted, classes_found, memory_seen, spool_pruned, liaison_tick, reconfigured>;

// -- effects ----------------------------------------------------------------------------------------------------------

struct send_frame {
  to_runner frame;
};
struct tell_worker {
  std::string lane;
  node::worker_event what;
};
/// To membership; answered with leases_answered.
struct renew_fences {
  std::uint64_t seq = 0;
  std::vector<fence_t> fences;
};
/// The runner has told everything it holds.
struct runner_is_ready {};
struct outage_known {};
/// The runner cannot be worked with; the node should end.
struct runner_is_foreign {
  std::uint32_t protocol = 0;
};
struct complaint {
  std::string text; ///< For the log.
};
/// For the log and the table of automatic actions: somebody should look. Without a lane and a job: the node itself.
struct raise_alarm {
  std::string kind;
  std::string lane;
  job_id id = 0;
  std::string text;
};

using liaison_effect = std::variant<send_frame, tell_worker, renew_fences, runner_is_ready, outage_known,
                                    runner_is_foreign, complaint, raise_alarm>;
using liaison_effects = std::vector<liaison_effect>;

class liaison {
public:
  explicit liaison(liaison_settings how) : how_(std::move(how)), memory_(how_.config.node.memory_low) {}

  liaison_effects handle(liaison_event what, const instant& at);

  /// When the next tick is due; nullopt while there is no runner.
  std::optional<time_point> wake_at() const { return ready_ ? std::optional(next_renewal_) : std::nullopt; }

  bool ready() const { return ready_; }
  bool holds_nothing() const { return held_.empty(); }
  bool can_run(const std::string& job_class) const;
  /// nullopt: it is not held, or has said nothing.
  std::optional<seen_progress> progress_of(fence_t fence, time_point now) const;

private:
  struct held {
    held_attempt what;
    time_point started{};
    std::string progress{}; ///< What it said last; empty: nothing.
    time_point progress_at{};
    std::uint64_t taken = 0; ///< Version of the newest take_order.
  };

  void on(const link_up& e);
  void on(const link_down& e);
  void on(link_said& e);
  void on(const worker_joined& e);
  void on(worker_ordered& e);
  void on(const leases_answered& e);
  void on(const membership_up& e);
  void on(const outage_granted& e);
  void on(classes_found& e);
  void on(const memory_seen& e);
  void on(spool_pruned& e);
  void on(reconfigured& e);
  void on(const liaison_tick& e);

  void hear(const hello& f);
  void hear(const was_started& f);
  void hear(const was_refused& f);
  void hear(has_ended& f);
  void hear(const slot_leaked& f);
  void hear(has_progressed& f);

  void run(node::run_attempt& e);
  void fetch(const std::string& lane, const take_order& order);
  void fail_to_run(const start_order& order, std::string why);
  exec::run to_frame(node::run_attempt& e, node::command_line command) const;
  template <class Event> void leave_with(fence_t fence, Event what);
  void become_ready();
  void tell_all(const std::string& lane);
  void renew();
  std::int64_t boot_micros(time_point t) const { return at_.boottime_us + (t - at_.now).count(); }
  time_point boot_instant(std::int64_t us) const { return at_.now + duration{us - at_.boottime_us}; }

  liaison_settings how_;
  node::memory_watch memory_;
  instant at_;
  liaison_effects out_;
  std::set<std::string> lanes_;      ///< Whose workers have joined.
  std::vector<std::string> classes_; ///< That can run here, sorted.
  bool ready_ = false;
  std::uint32_t ends_to_come_ = 0;
  std::map<fence_t, held> held_; ///< What the runner holds unfinished, from its hello on.
  std::map<fence_t, std::pair<std::string, std::string>> leaked_; ///< Lane and why: told to whoever joins later too.
  std::set<job_id> resets_;                                       ///< To be told before anything else is run.
  std::map<fence_t, attempt_ended> ended_;                        ///< Reported by the runner and not forgotten yet.
  time_point next_renewal_{};
  std::uint64_t renewal_seq_ = 0;
  std::map<std::uint64_t, time_point> renewals_; ///< When each renewal was sent: its leases count from then.
  std::optional<std::uint64_t> outage_seq_;      ///< The renewal whose answer makes an outage known.
};

} // namespace fabric::exec
