#pragma once

#include "fabric/lane/attempt_table.hpp"
#include "fabric/lane/credit.hpp"
#include "fabric/lane/lane.hpp"
#include "fabric/lane/timers.hpp"
#include "fabric/lane/waiting.hpp"
#include "fabric/lane/workers.hpp"

#include <map>
#include <random>
#include <set>
#include <unordered_map>
#include <vector>

/// Private to the lane machine: its parts, and which file does what with them.
namespace fabric::lane {

/// An operation the store has not answered. Repeated under its ticket until it has.
struct unanswered {
  store::operation op;
  job_id job = 0;
  fence_t fence = 0;          ///< end only.
  std::string node;           ///< lease, carry: whose slot; end: who is to forget; look: who holds it.
  bool slot = false;          ///< lease, carry: its slot is counted here (and not at an attempt).
  bool reported = false;      ///< end: the node has told it, and waits for the forget.
  std::uint64_t want_seq = 0; ///< lease: the want whose slot it takes.
};

struct machine::state {
  enum class phase : std::uint8_t { closed, opening, loading, serving };

  state(settings how, std::shared_ptr<policy::lane_policy> policy, std::uint64_t seed);

  // machine.cpp: events in, one turn at a time
  effects turn(const event& what, time_point now);
  void take(const event& what);
  void on(const open&) { start_over(); }
  void on(const view_changed& e);
  void on(const tick&) {}
  void run_timers();
  live_attempt* attempt_of(timer_kind kind, std::uint64_t key);
  live_attempt* attempt_on(const std::string& node, fence_t fence);
  void end_of_another(const ended& e, job_id id);
  void end_of_turn();
  std::optional<time_point> wake_at() const;
  status report(time_point now) const;
  template <class Effect> void emit(Effect e) { out.push_back(std::move(e)); }
  bool serving() const { return at == phase::serving; }

  // loading.cpp: from open to serving; the feed
  void start_over();
  void opened(const store::answer& reply);
  void ask_page();
  void load_late();
  void on(const page& e);
  void serve();
  void settle_attempts();
  void on(const feed& e);
  void apply(const store::lane_change& change);
  void merge(const store::lane_entry& entry, bool from_feed);
  void merge_running(const store::lane_entry& entry);
  void note_guest(const store::lane_entry& entry, bool from_feed);
  void drop_gone(const store::lane_entry& entry);
  void keep_early(const event& what);

  // asking.cpp: operations and their answers
  std::uint64_t ask(unanswered what);
  void repeat(std::uint64_t ticket);
  void on(const answered& e);
  void settle(const store::open_lane& op, const unanswered& what, const store::answer& reply);
  void settle(const store::lease& op, const unanswered& what, const store::answer& reply);
  void settle(const store::move& op, const unanswered& what, const store::answer& reply);
  void settle(const store::due& op, const unanswered& what, const store::answer& reply);
  void settle(const store::end& op, const unanswered& what, const store::answer& reply);
  void settle(const store::set_pause& op, const unanswered& what, const store::answer& reply); // pausing.cpp
  template <class Other> void settle(const Other&, const unanswered&, const store::answer&) {}
  void leased(const unanswered& what, const store::answer& reply);
  void not_done(job_id id, std::uint64_t version, const error& why);
  void hold_on();
  void verify(job_id id);
  void verified(const page& e);

  // dispatch.cpp: free slots and ready jobs
  void dispatch();
  void lease_to(waiting_job& j, const worker_slots& w);
  void wake_due();
  void hand_over();
  void hand_back();
  void make_offers(bool repeat);
  void on(const offered& e);
  waiting_job* best_for_other(const std::vector<std::string>& classes);

  // attempts.cpp: what runs
  void on(const started& e);
  void on(const refused& e);
  void on(const ended& e);
  void on(const lease_over& e);
  void send_start(live_attempt& a);
  void now_running(live_attempt& a, duration ran, bool process_seen);
  void budget_over(live_attempt& a);
  void stop(live_attempt& a, stop_reason why, duration grace);
  void cancel(live_attempt& a);
  void end_unstarted(live_attempt& a);
  void give_up(live_attempt& a);
  void lost(live_attempt& a, std::string reason, bool had_started);
  void finish(live_attempt& a, attempt_end end, bool reported);
  void end_unknown(const ended& e);
  void ask_end(store::end op, std::string node, bool reported);
  void quiet(fence_t fence);
  void drop(live_attempt& a);
  end_decision decide(attempt_end& end, const policy::job_facts& facts, std::uint32_t failures,
                      const std::optional<policy::timeout_decision>& known);
  double draw();

  // placing.cpp: for those who look from outside
  std::optional<job_place> place_of(job_id id);
  bool is_startable() const;

  // pausing.cpp: an operator's pause
  void set_pause(const std::optional<lane_pause>& wished);
  void arm_pause();
  void end_pause();
  // carry.cpp: running attempts that come from other lanes and go there
  policy::timeout_decision timeout_of(const policy::job_facts& facts) const;
  void leave(live_attempt& a);
  void on(const carry_asked& e);
  void retry_early_carries();
  void on(const carry_refused& e);
  void on(const absent& e);
  void settle(const store::carry& op, const unanswered& what, const store::answer& reply);
  void settle(const store::look& op, const unanswered& what, const store::answer& reply);
  void adopt(live_attempt& a, const store::lane_entry& entry);
  void fetch(live_attempt& a);
  void let_go(live_attempt& a);
  void look_for(fence_t fence, job_id job, const std::string& node);
  void own_demotion(live_attempt& a, const attempt_end& end) const;

  // reconfiguring.cpp: other settings while it serves
  void on(const reconfigured& e);
  void on(const retired&);
  void take_from(std::vector<std::string> lanes);
  bool is_lane(const std::string& name) const { return how.lanes.empty() || how.lanes.contains(name); }
  void rebudget(live_attempt& a);

  // nodes.cpp: who offers slots and what they hold
  void on(const wanted& e);
  void on(const node_gone& e) { slots.forget(e.node, e.boot); }
  void check_held(live_attempt& a, const want& w, const held_attempt* held);

  settings how;
  std::shared_ptr<policy::lane_policy> policy;
  std::mt19937_64 random;

  phase at = phase::closed;
  std::uint64_t epoch = 0;
  std::uint64_t next_seq = 1; ///< Of the feed.
  job_id loaded_to = 0;
  std::unordered_map<job_id, std::uint64_t> fed; ///< While loading: versions the feed has told, gone ones too.
  std::vector<event> early;                      ///< From workers and others, before serving.
  std::optional<job_id> verifying;
  std::vector<job_id> doubtful;

  names classes;
  waiting_jobs jobs{classes, true};
  std::set<job_id> guests; ///< In this lane by overflow, in whatever state.
  workers slots{classes};
  attempt_table attempts;
  offers taken;
  credits given;
  policy::view view;
  std::vector<std::string> takes_from; ///< policy->overflow() under `view`.

  std::uint64_t last_ticket = 0;
  std::map<std::uint64_t, unanswered> asked;
  std::unordered_map<fence_t, std::uint64_t> ends_asked;               ///< Fence to ticket.
  std::unordered_map<job_id, std::uint64_t> leases_asked;              ///< Job to ticket.
  std::unordered_map<fence_t, std::uint64_t> carries_asked;            ///< Fence to ticket.
  std::map<fence_t, std::pair<carry_asked, time_point>> carries_early; ///< With when they came.
  std::set<fence_t> looked_for;                                        ///< The store is being asked where they run.
  timers alarms;
  bool refused_work = false;       ///< The store has, for want of space: until the `resume` timer.
  std::optional<lane_pause> pause; ///< An operator's.
  bool is_retired = false;
  std::uint64_t granted = 0; ///< Leases so far.

  time_point now{};   ///< Of this turn.
  effects out;        ///< Of this turn.
  job_id current = 0; ///< The job being worked on; 0: none in particular.
};

} // namespace fabric::lane
