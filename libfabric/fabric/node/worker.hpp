#pragma once

#include "fabric/node/checkpoint_transfer.hpp"
#include "fabric/node/memory_watch.hpp"
#include "fabric/node/orders.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

/// The worker machine: the attempts of one lane on one node. It stands between the lane, which may be far away and
/// repeats itself, and the node's runner, which holds the processes. Pure.
///
///   waiting for the runner --runner_up--> working --drain--> draining --hand back--> empty
namespace fabric::node {

struct worker_settings {
  std::string node;
  std::string name; ///< "fast@a1".
  std::string lane;
  std::uint64_t boot = 0;
  std::uint64_t first_seq = 0; ///< Added to the boot; a restarted worker of the same boot goes on above its last want.
  std::uint32_t slots = 1;
  std::vector<std::string> classes;                   ///< Classes this node can run, sorted.
  duration renewal = std::chrono::seconds{5};         ///< Wants and unacknowledged ends are repeated after this.
  duration hand_back_grace = std::chrono::seconds{2}; ///< Soft signal to kill when a drain hands back.
};

// -- events -----------------------------------------------------------------------------------------------------------

/// The lane is (again) at hand: it knows nothing of what was said before.
struct lane_up {};
struct lane_start {
  start_order order;
};
struct lane_stop {
  stop_order order;
};
/// The end of this attempt is committed.
struct lane_forget {
  fence_t fence = 0;
};
/// An attempt was carried into this worker's lane.
struct lane_take {
  take_order order;
};
/// The runner said hello: these attempts of this lane it still runs. Ends of finished ones came before, so that the
/// first want leaves nothing out.
struct runner_up {
  std::vector<held_attempt> held;
};
/// The link to the runner broke. Nothing is known of the attempts until it is back.
struct runner_down {};
struct runner_started {
  fence_t fence = 0;
  time_point at{}; ///< Process start.
};
struct runner_refused {
  fence_t fence = 0;
  std::string why;
};
struct runner_ended {
  attempt_ended what;
};
/// A process of this worker cannot be killed: one slot less until its end is told after all.
struct runner_leaked {
  fence_t fence = 0;
  std::string why;
};
/// An attempt that this worker fetched is its own now,
struct runner_gave {
  held_attempt what;
};
/// and no longer that of the worker that held it;
struct runner_took {
  fence_t fence = 0;
};
/// or nobody on this node holds it.
struct runner_lacks {
  fence_t fence = 0;
};
/// The classes this node can run changed, for example because an executable appeared.
struct classes_changed {
  std::vector<std::string> classes;
};
/// The host's memory was read: while it is low no slot is offered; what runs goes on.
struct memory_read {
  memory_state now;
};
/// Take no new work; hand back at `deadline` what still runs. Of several the earliest counts.
struct drain {
  time_point deadline{};
  bool ends = false; ///< The node ends with it: it cannot be taken back, and what is said of it is said anew.
};
/// Take work again, unless the node ends.
struct undrain {};
/// So many slots from now on; what runs in more of them runs on.
struct slots_changed {
  std::uint32_t slots = 0;
};
/// What earlier attempts left is here, or out of sight. Not ok: nobody knows what this attempt would find.
struct checkpoint_settled {
  fence_t fence = 0;
  bool ok = false;
};
struct worker_tick {};

using worker_event =
    std::variant<lane_up, lane_start, lane_stop, lane_forget, runner_up, runner_down, runner_started, runner_refused,
                 runner_ended, runner_leaked, classes_changed, memory_read, drain, worker_tick, lane_take, runner_gave,
                 runner_took, runner_lacks, undrain, slots_changed, checkpoint_settled>;

// -- effects ----------------------------------------------------------------------------------------------------------

struct tell_want {
  want what;
};
struct tell_started {
  attempt_started what;
};
struct tell_refused {
  attempt_refused what;
};
struct tell_ended {
  attempt_ended what;
};
struct tell_absent {
  attempt_absent what;
};
/// To the node: this worker is to hold it now, whoever held it. Answered with runner_gave, runner_ended or
/// runner_lacks.
struct fetch_attempt {
  take_order order;
};
/// To the runner: run it under this lease.
struct run_attempt {
  start_order order;
  time_point deadline{};
};
/// To the node: settle what the attempt will find; answered with checkpoint_settled.
struct bring_checkpoint {
  transfer_order what;
};
struct stop_attempt {
  stop_order order;
};
struct forget_attempt {
  fence_t fence = 0;
};
/// Said once per drain: every attempt is gone and its end committed, but for processes that cannot be killed and for
/// what could not be settled some time after the deadline (the runner stayed away, or nothing could be committed): that
/// is left to the runner, which keeps it for the next fabricd. What became of each since the drain began.
struct fate {
  job_id job = 0;
  std::uint32_t attempt = 0;
  std::string what;  ///< "succeeded", "failed", …; "handed back", "cannot be killed", "left with the runner".
  bool left = false; ///< It is not gone.
};
struct drained {
  std::vector<fate> fates;
  bool ends = false; ///< As the drain said.
};

using worker_effect = std::variant<tell_want, tell_started, tell_refused, tell_ended, run_attempt, stop_attempt,
                                   forget_attempt, drained, tell_absent, fetch_attempt, bring_checkpoint>;
using worker_effects = std::vector<worker_effect>;

struct worker_status {
  std::string name;
  std::string lane;
  std::uint32_t slots = 0;
  std::uint32_t leaked = 0;
  bool draining = false;
  bool runner_up = false;
  std::vector<held_attempt> held;
  memory_state memory;
};

class worker {
public:
  explicit worker(worker_settings how) : how_(std::move(how)), seq_(how_.boot + how_.first_seq) {}

  worker_effects handle(const worker_event& what, time_point now);
  std::optional<time_point> wake_at() const;
  worker_status report(time_point now) const;

private:
  enum class phase : std::uint8_t { asked, running, ended };
  struct held {
    job_id job = 0;
    std::uint32_t attempt = 0;
    phase at = phase::asked;
    time_point started{};
    std::optional<attempt_ended> end; ///< Once ended: repeated until forgotten.
    std::optional<run_attempt> start; ///< While its checkpoint is brought: no executor has heard of it.
  };

  void on(const lane_up& e, time_point now, worker_effects& out);
  void on(const lane_start& e, time_point now, worker_effects& out);
  void on(const lane_stop& e, time_point now, worker_effects& out);
  void on(const lane_forget& e, time_point now, worker_effects& out);
  void on(const runner_up& e, time_point now, worker_effects& out);
  void on(const runner_down& e, time_point now, worker_effects& out);
  void on(const runner_started& e, time_point now, worker_effects& out);
  void on(const runner_refused& e, time_point now, worker_effects& out);
  void on(const runner_ended& e, time_point now, worker_effects& out);
  void on(const runner_leaked& e, time_point now, worker_effects& out);
  void on(const lane_take& e, time_point now, worker_effects& out);
  void on(const runner_gave& e, time_point now, worker_effects& out);
  void on(const runner_took& e, time_point now, worker_effects& out);
  void on(const runner_lacks& e, time_point now, worker_effects& out);
  void on(const classes_changed& e, time_point now, worker_effects& out);
  void on(const memory_read& e, time_point now, worker_effects& out);
  void on(const drain& e, time_point now, worker_effects& out);
  void on(const undrain& e, time_point now, worker_effects& out);
  void on(const slots_changed& e, time_point now, worker_effects& out);
  void on(const checkpoint_settled& e, time_point now, worker_effects& out);
  void on(const worker_tick& e, time_point now, worker_effects& out);

  void run(const start_order& order, time_point deadline, time_point now, worker_effects& out);
  void give_back(fence_t fence, std::string why, worker_effects& out);

  void refuse(fence_t fence, std::string why, worker_effects& out);
  void repeat_known(const held& h, fence_t fence, time_point now, worker_effects& out) const;
  std::optional<time_point> lease_end(const start_order& order) const;
  void say_want(time_point now, worker_effects& out);
  void hand_back(worker_effects& out);
  void check_drained(time_point now, worker_effects& out);
  std::optional<time_point> gives_up_at() const;
  bool is_over(fence_t fence) const;
  void remember_over(fence_t fence);
  std::vector<held_attempt> list_held(time_point now) const;
  std::uint32_t offered_slots() const;

  /// A start whose lease has less than this left would be killed before it could do much.
  static constexpr duration shortest_lease = std::chrono::seconds{1};

  worker_settings how_;
  std::map<fence_t, held> held_;
  std::deque<std::pair<std::uint64_t, time_point>> wants_sent_; ///< Newest last; a lease counts from its want.
  std::deque<fence_t> over_; ///< Refused or forgotten, newest last: a late repeat of their start must not run.
  std::set<fence_t> leaked_; ///< One closed slot each: taken while it is held, then not offered.
  std::uint64_t seq_;        ///< Of the newest want. Wants of different boots have different numbers.
  bool runner_up_ = false;
  bool runner_known_ = false; ///< It has said what it holds, in this life of the worker.
  time_point next_renewal_{};
  memory_state memory_;
  std::optional<time_point> drain_deadline_;
  bool ends_ = false; ///< The node does.
  bool handed_back_ = false;
  bool drained_ = false;
  std::vector<fate> fates_;
};

} // namespace fabric::node
