#pragma once

#include "fabric/job/retry.hpp"
#include "fabric/node/orders.hpp"
#include "fabric/policy/lane_policy.hpp"
#include "fabric/store/job_store.hpp"
#include "fabric/store/operations.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

/// The lane machine: the order of the jobs now in one lane, its slots and budgets. Pure; a cache of the store's rows.
///
///   closed --open--> loading --last page--> serving        (stale epoch, feed gap: back to closed, a fresh open)
///
/// Order: priority; demoted jobs first in the order they were demoted (`demoted_first`); then id. Within one instant:
/// release the slot, enqueue the job, then dispatch. A job is leased only when a worker that can run its class has a
/// free slot (prefetch 0).
namespace fabric::lane {

struct class_settings {
  retry_policy retry;
  std::vector<policy::demotion_mode> on_timeout{}; ///< Instead of the lane's; empty: the lane's.
};

struct settings {
  std::string name;
  std::optional<duration> budget;            ///< How long an attempt may run here, from process start. Unset: no limit.
  duration grace = std::chrono::seconds{10}; ///< Soft signal to proof that the tree is gone.
  bool demoted_first = true;
  std::uint32_t lane_count = 1;                    ///< Lanes configured: the cap on demotions.
  duration lease = std::chrono::seconds{15};       ///< First lease of an attempt.
  duration resend = std::chrono::seconds{5};       ///< Unanswered operations and starts are repeated after this.
  duration doubt = std::chrono::milliseconds{200}; ///< What its node does not hold is given up on after this: its end
                                                   ///< may still be on the way.
  std::size_t page = 2000;                         ///< Rows asked for at a time while loading.
  std::map<std::string, class_settings> classes;   ///< Retry rules; a class not listed uses the default.
  std::set<std::string> lanes{};                   ///< All that are configured; empty: any may be.
};

// -- events -----------------------------------------------------------------------------------------------------------

struct open {}; ///< The actor started: take the lane over.
struct page {
  store::lane_page rows;
  std::optional<job_id> after{}; ///< Echo of load_page::after, where the shell knows it; another than asked is ignored.
};                               ///< Answer to load_page.
struct feed {
  std::vector<store::lane_change> changes;
}; ///< Committed changes of this lane, in order.
struct answered {
  std::uint64_t ticket = 0;
  store::answer reply;
}; ///< Answer to the operation with this ticket.
struct wanted {
  want what;
};
/// `node`: who says it, where the shell knows. A store that was put back gives fences again that another node may still
/// hold: what that says of them is not about the attempt that has the fence now.
struct started {
  attempt_started what;
  std::string node{};
};
struct refused {
  attempt_refused what;
  std::string node{};
};
struct ended {
  attempt_ended what;
  std::string node{};
};
struct lease_over {
  fence_t fence = 0;
}; ///< Membership: the attempt's lease ended without renewal.
struct node_gone {
  std::string node;
  std::uint64_t boot = 0;
}; ///< Membership: silent; its slots are no longer there.
struct offered {
  std::string from;
  std::uint64_t seq = 0;
  std::uint32_t slots = 0;
  std::uint64_t received = 0;
  std::vector<std::string> classes;
}; ///< See offer.
/// Another lane asks whether this running attempt may be carried here.
struct carry_asked {
  std::string from;
  fence_t fence = 0;
  job_id id = 0;
  std::string node;
  duration ran{}; ///< Since process start.
};
struct carry_refused {
  fence_t fence = 0;
}; ///< It may not. That it may, the feed tells: the row is gone, still running.
struct absent {
  attempt_absent what;
  std::string node{};
};
struct view_changed {
  policy::view now;
};
struct tick {}; ///< The timer armed by `wake_at` is due.
/// Other settings and another policy from now on. A budget counts for what runs too: from its start.
struct reconfigured {
  settings how; ///< Of the same name.
  std::shared_ptr<policy::lane_policy> policy;
};
struct retired {}; ///< The lane is no longer configured: it takes nothing from other lanes, and soon ends.

using event = std::variant<open, page, feed, answered, wanted, started, refused, ended, lease_over, node_gone, offered,
                           view_changed, tick, carry_asked, carry_refused, absent, reconfigured, retired>;

// -- effects ----------------------------------------------------------------------------------------------------------

struct ask_store {
  std::uint64_t ticket = 0;
  store::operation op;
}; ///< All of one turn travel in one message.
struct load_page {
  job_id after = 0;
  std::size_t limit = 0;
};
struct tell_start {
  std::string node;
  start_order order;
};
struct tell_stop {
  std::string node;
  stop_order order;
};
struct tell_forget {
  std::string node;
  fence_t fence = 0;
}; ///< Its end is committed (or refused as stale). An empty node: tell every worker of the lane.
/// To membership: this lease began / is over. Membership watches leases between the two.
struct lease_began {
  fence_t fence = 0;
  job_id id = 0;
  std::string node;
  duration length{};
};
struct lease_closed {
  fence_t fence = 0;
};
/// To another lane: this many idle slots here may take your fresh jobs. Level-triggered: the newest replaces the older.
/// `received` counts the jobs that came so far, so that the giver knows which hand-overs this offer has seen. The upper
/// 32 bits of `seq` are the offering lane's epoch: a new epoch starts counting anew.
struct offer {
  std::string to;
  std::uint64_t seq = 0;
  std::uint32_t slots = 0;
  std::uint64_t received = 0;
  std::vector<std::string> classes;
};
/// To another lane: will you take this running attempt over? Said once; without an answer the next way is gone.
struct ask_carry {
  std::string to;
  fence_t fence = 0;
  job_id id = 0;
  std::string node;
  duration ran{};
};
struct refuse_carry {
  std::string to;
  fence_t fence = 0;
};
/// To a worker of this lane: a carried attempt is its own now.
struct tell_take {
  std::string node;
  take_order order;
};
/// To the policy's learner and the console.
struct finished {
  policy::job_facts job;
  outcome how = outcome::none;
  duration run_time{};
};
struct alarm {
  std::string kind;
  std::string text;
  job_id id = 0;
}; ///< For the log; what must be kept is a store::note.

using effect = std::variant<ask_store, load_page, tell_start, tell_stop, tell_forget, lease_began, lease_closed, offer,
                            finished, alarm, ask_carry, refuse_carry, tell_take>;
using effects = std::vector<effect>;

/// The job that an effect is about; 0: none in particular.
job_id job_of(const effect& what);

/// Numbers for `fabric lanes` and the policy's view.
struct status {
  std::string name;
  bool serving = false;
  bool heard = false; ///< A worker, whose runner is there, has said what it wants. Not for clients.
  std::uint64_t ready = 0, scheduled = 0, running = 0;
  std::uint32_t slots = 0, busy = 0, offered = 0; ///< offered: idle slots promised to other lanes.
  duration oldest_wait{}; ///< Since the oldest ready job became known to be ready; see ready_times.
  std::uint64_t epoch = 0;
  std::vector<std::string> classes; ///< That at least one of its workers can run, sorted.
  std::optional<lane_pause> pause{};
  // For the alarm of scheduler/stall_watch.hpp; not for clients.
  bool startable = false;    ///< A ready job waits and a slot that could run it is free.
  std::uint32_t leasing = 0; ///< Leases with the store.
  std::uint64_t granted = 0; ///< Leases so far.
};

/// Where a waiting job stands. Counting those ahead of it takes a look at every job of the lane.
struct job_place {
  std::uint64_t version = 0;      ///< Of the row as the lane knows it.
  std::uint64_t ahead = 0;        ///< Ready jobs that come first,
  std::uint64_t more_urgent = 0;  ///< of these: with a smaller priority number,
  std::uint64_t of_its_class = 0; ///< and of the same class.
  bool asked = false;             ///< The store is being asked for its lease, or to wake it.
  bool refused_work = false;      ///< The store has, a moment ago, for want of disk space.
};

class machine {
public:
  machine(settings how, std::shared_ptr<policy::lane_policy> policy, std::uint64_t seed);
  ~machine();
  machine(machine&&) noexcept;
  machine& operator=(machine&&) noexcept;

  /// Takes one event and returns what is to be done, in order.
  effects handle(const event& what, time_point now);

  /// The instant at which `tick` is due; nullopt: none. Only changes in `handle`.
  std::optional<time_point> wake_at() const;

  status report(time_point now) const;

  /// nullopt: the lane does not serve, or does not hold the job as a waiting one.
  std::optional<job_place> place_of(job_id id) const;

  /// After an exception in `handle`: the job that the machine was busy with; 0: none in particular.
  job_id current_job() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace fabric::lane
