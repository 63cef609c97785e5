#include "fabric/invariant.hpp"
#include "fabric/lane/state.hpp"

#include <utility>

/// How running attempts change lanes. The lane they leave asks the other one; that one keeps a slot on the same node
/// and asks the store, as it does for a lease, and with its answer the slot is the attempt's. Then it fetches the
/// attempt from whichever worker of the node holds it. The lane they left learns of it from its feed.
namespace fabric::lane {

policy::timeout_decision machine::state::timeout_of(const policy::job_facts& facts) const {
  auto what = policy->on_timeout(facts, how.name, view);
  const auto own = how.classes.find(facts.job_class);
  const bool has_ways = own != how.classes.end() && !own->second.on_timeout.empty();
  if (has_ways && what.what == policy::timeout_decision::kind::move) what.modes = own->second.on_timeout;
  return what;
}

/// Its budget is over, and was not extended.
void machine::state::leave(live_attempt& a) {
  const auto& d = *a.decision;
  const bool may_carry = d.what == policy::timeout_decision::kind::move && d.move_to != how.name && !d.modes.empty() &&
                         d.modes.front() == policy::demotion_mode::carry;
  if (!may_carry) return stop(a, stop_reason::budget, how.grace);
  invariant(a.began && now > *a.began);
  emit(ask_carry{d.move_to, a.fence, a.job, a.node, now - *a.began});
  alarms.set(timer_kind::carry, a.fence, now + how.resend);
}

/// No more is known afterwards than before: what the store answers late is true all the same.
void machine::state::on(const carry_refused& e) {
  auto* const a = attempts.find(e.fence);
  if (a == nullptr || !alarms.is_set(timer_kind::carry, e.fence)) return;
  current = a->job;
  stop(*a, stop_reason::budget, how.grace);
}

/// Before the lane serves and the node has said what it offers here, which is so for moments after a restart, nobody
/// can say no: the question waits, for less than the patience of the lane that asks.
void machine::state::on(const carry_asked& e) {
  current = e.id;
  if (carries_asked.contains(e.fence) || attempts.find(e.fence) != nullptr) return;
  const auto* const w = serving() ? slots.find(e.node) : nullptr;
  if (is_retired) return emit(refuse_carry{e.from, e.fence});
  if (w == nullptr || !w->has_runner) return void(carries_early.insert_or_assign(e.fence, std::pair{e, now}));
  if (w->free() == 0 || refused_work || pause) return emit(refuse_carry{e.from, e.fence});
  slots.take(e.node);
  store::carry op{e.id, e.fence, e.from, how.name, epoch, w->worker, e.ran, how.lane_count};
  carries_asked[e.fence] = ask({std::move(op), e.id, 0, e.node, true});
}

void machine::state::retry_early_carries() {
  for (const auto& [fence, one] : std::exchange(carries_early, {})) {
    const auto& [question, since] = one;
    if (now - since >= how.resend / 2) continue;
    on(question);
    if (const auto again = carries_early.find(fence); again != carries_early.end()) again->second.second = since;
  }
}

void machine::state::settle(const store::carry& op, const unanswered& what, const store::answer& reply) {
  carries_asked.erase(op.fence);
  if (what.slot) slots.release(what.node);
  if (reply.failure) return emit(refuse_carry{op.from, op.fence});
  // Where the slot is counted elsewhere already, the feed came first, and perhaps its end, too.
  if (what.slot) merge(store::entry_of(*reply.row), false);
}

/// A running attempt that this machine did not know.
void machine::state::adopt(live_attempt& a, const store::lane_entry& entry) {
  a.ran_before = entry.ran_before;
  if (const auto ticket = carries_asked.find(a.fence); ticket != carries_asked.end())
    if (auto& op = asked.at(ticket->second); std::exchange(op.slot, false)) slots.release(op.node);
  if (a.ran_before == duration{0}) return;
  a.ran = true;
  if (serving()) fetch(a);
}

/// Has the attempt handed to this lane's worker of its node. A worker that is not there is asked when it says what it
/// wants.
void machine::state::fetch(live_attempt& a) {
  if (a.phase == attempt_phase::ending || slots.find(a.node) == nullptr) return;
  emit(tell_take{a.node, {a.fence, a.job, a.version}});
  alarms.set(timer_kind::start, a.fence, now + how.resend);
}

void machine::state::on(const absent& e) {
  auto* const a = attempt_on(e.node, e.what.fence);
  if (a == nullptr || a->phase == attempt_phase::ending || a->ran_before == duration{0}) return;
  current = a->job;
  a->absent = true;
  alarms.cancel(timer_kind::start, a->fence);
  if (!alarms.is_set(timer_kind::doubt, a->fence)) alarms.set(timer_kind::doubt, a->fence, now + how.doubt);
}

/// It runs on in another lane, to which its lease belongs now.
void machine::state::let_go(live_attempt& a) {
  quiet(a.fence);
  slots.release(a.node);
  attempts.erase(a.fence);
}

/// A node holds an attempt that this lane does not know: it may be another lane's by now, and the node may not have
/// been told. Only the store knows.
void machine::state::look_for(fence_t fence, job_id job, const std::string& node) {
  if (!looked_for.insert(fence).second) return;
  ask({store::look{job, fence}, job, 0, node});
}

void machine::state::settle(const store::look& op, const unanswered& what, const store::answer& reply) {
  looked_for.erase(op.fence);
  const bool is_here = reply.row && reply.row->lane == how.name && attempts.find(op.fence) == nullptr;
  const bool is_its = reply.row && reply.row->node == what.node;
  if (is_here && is_its) return merge(store::entry_of(*reply.row), false);
  if (reply.row && !is_its) return emit(tell_stop{what.node, {op.fence, stop_reason::unknown, duration{0}}});
  if (!reply.failure || reply.failure->code != errc::stale) return;
  if (attempts.find(op.fence) != nullptr || ends_asked.contains(op.fence)) return;
  emit(tell_stop{what.node, {op.fence, stop_reason::unknown, duration{0}}});
  emit(lease_closed{op.fence});
}

/// A stop that the lane before it had sent before the carry was known: its job starts over here.
void machine::state::own_demotion(live_attempt& a, const attempt_end& end) const {
  if (end.how != outcome::demoted || a.ran_before == duration{0} || a.stopping == stop_reason::budget) return;
  if (how.budget && end.run_time >= a.ran_before + *how.budget) return;
  a.decision = {policy::timeout_decision::kind::move, how.name, {policy::demotion_mode::resume}, {}};
}

} // namespace fabric::lane
