#include "fabric/invariant.hpp"
#include "fabric/lane/state.hpp"

namespace fabric::lane {

/// The attempt under this fence, if it is this node's to speak of.
live_attempt* machine::state::attempt_on(const std::string& node, fence_t fence) {
  auto* const a = attempts.find(fence);
  return a != nullptr && (node.empty() || a->node == node) ? a : nullptr;
}

void machine::state::on(const started& e) {
  auto* const a = attempt_on(e.node, e.what.fence);
  if (a != nullptr && a->phase != attempt_phase::ending) now_running(*a, e.what.ran, true);
}

void machine::state::on(const refused& e) {
  auto* const a = attempt_on(e.node, e.what.fence);
  if (a == nullptr || a->phase == attempt_phase::ending || a->ran) return;
  current = a->job;
  slots.refuse(a->node, a->job_class);
  emit(alarm{"start_refused", "node " + a->node + " refused a start: " + e.what.why, a->job});
  attempt_end end;
  end.how = outcome::drained;
  end.reason = e.what.why;
  finish(*a, std::move(end), true);
}

void machine::state::on(const ended& e) {
  current = e.what.job;
  auto* const a = attempt_on(e.node, e.what.fence);
  const auto* const other = a == nullptr ? attempts.find(e.what.fence) : a->job != e.what.job ? a : nullptr;
  if (other != nullptr) return end_of_another(e, other->job);
  if (a == nullptr) return end_unknown(e);
  if (a->phase == attempt_phase::ending) return; // A repeat: the store is being asked.
  finish(*a, e.what.end, true);
}

/// The store was put back, and gave this fence again.
void machine::state::end_of_another(const ended& e, job_id id) {
  emit(alarm{"stale_end",
             "node " + e.node + " told the end of another attempt under fence " + std::to_string(e.what.fence) +
                 ", of job " + std::to_string(e.what.job),
             id});
  emit(tell_forget{e.node, e.what.fence});
}

/// Late: after a new lease, or from before a restart. The store judges it by its fence.
void machine::state::end_unknown(const ended& e) {
  if (ends_asked.contains(e.what.fence)) return;
  store::end op{e.what.job, e.what.fence, how.name, epoch, e.what.end, {}};
  op.decision = decide(op.how, {e.what.job, {}, {}, 0, 0, false, {}}, 0, std::nullopt);
  ask_end(std::move(op), e.node, true);
}

void machine::state::on(const lease_over& e) {
  auto* const a = attempts.find(e.fence);
  if (a == nullptr) return emit(lease_closed{e.fence});
  if (a->phase == attempt_phase::ending) return;
  current = a->job;
  const bool no_start_left = a->own && a->phase == attempt_phase::leased;
  emit(tell_stop{a->node, {a->fence, stop_reason::lease, how.grace}});
  lost(*a, "its lease ended", a->ran || !(a->absent || no_start_left));
}

/// Sends or repeats the start. A node that is not present gets it when it says what it wants.
void machine::state::send_start(live_attempt& a) {
  if (a.ran_before > duration{0}) return fetch(a);
  if (a.answered || a.phase == attempt_phase::ending || a.input.empty()) return;
  if (a.cancelled || a.stopping != stop_reason::none) return;
  const auto* const w = slots.find(a.node);
  if (w == nullptr) return;
  emit(tell_start{a.node,
                  {a.fence, a.job, a.number, a.facts.job_class, how.name, a.input, how.lease, a.lease_seq, a.kept_on,
                   a.kept_work}});
  a.phase = attempt_phase::started;
  a.start_boot = w->boot;
  a.start_seq = w->seq;
  alarms.set(timer_kind::start, a.fence, now + how.resend);
}

/// The node holds it. The budget counts from process start as the runner measured it, so there is none before that; a
/// message that was late can only lengthen it, so the earliest end that any message gives is nearest to the truth.
void machine::state::now_running(live_attempt& a, duration ran, bool process_seen) {
  current = a.job;
  a.phase = attempt_phase::started;
  a.answered = true;
  a.absent = false;
  a.ran = a.ran || process_seen;
  a.input.clear();
  alarms.cancel(timer_kind::start, a.fence);
  alarms.cancel(timer_kind::doubt, a.fence);
  if (process_seen && (!a.began || now - ran < *a.began)) a.began = now - ran;
  if (!process_seen || !how.budget || a.decision || a.stopping != stop_reason::none) return;
  const auto end = now - ran + a.ran_before + *how.budget;
  if (!a.deadline || end < *a.deadline) a.deadline = end;
  alarms.set(timer_kind::budget, a.fence, *a.deadline);
}

void machine::state::budget_over(live_attempt& a) {
  current = a.job;
  invariant(a.phase != attempt_phase::ending && a.stopping == stop_reason::none);
  a.decision = timeout_of(a.facts);
  if (a.decision->what == policy::timeout_decision::kind::extend) {
    invariant(a.decision->extension > duration{0});
    a.deadline = now + a.decision->extension;
    return alarms.set(timer_kind::budget, a.fence, *a.deadline);
  }
  leave(a);
}

void machine::state::stop(live_attempt& a, stop_reason why, duration grace) {
  a.stopping = why;
  alarms.cancel(timer_kind::budget, a.fence);
  alarms.cancel(timer_kind::carry, a.fence);
  emit(tell_stop{a.node, {a.fence, why, grace}});
  alarms.set(timer_kind::stop, a.fence, now + how.resend);
}

void machine::state::cancel(live_attempt& a) {
  if (a.cancelled || a.phase == attempt_phase::ending) return;
  a.cancelled = true;
  if (leases_asked.contains(a.job)) return; // Its answer ends it; no start has left, and none will.
  if (a.own && a.phase == attempt_phase::leased) return end_unstarted(a);
  stop(a, stop_reason::cancel, how.grace);
}

/// No start has left for it, so nothing has to be stopped.
void machine::state::end_unstarted(live_attempt& a) {
  attempt_end end;
  end.how = outcome::cancelled;
  end.reason = "cancelled before it was started";
  finish(a, std::move(end), false);
}

/// Its node's list did not have it. Should a start still be on its way to there, a stop follows it.
void machine::state::give_up(live_attempt& a) {
  if (alarms.is_set(timer_kind::carry, a.fence)) {
    // It may be another lane's by now, and so another worker's.
    look_for(a.fence, a.job, a.node);
    return let_go(a);
  }
  emit(tell_stop{a.node, {a.fence, stop_reason::unknown, duration{0}}});
  lost(a, "node " + a.node + " does not hold it", a.ran);
}

void machine::state::lost(live_attempt& a, std::string reason, bool had_started) {
  emit(alarm{"attempt_lost", reason, a.job});
  attempt_end how_lost;
  how_lost.how = outcome::lost;
  how_lost.started = had_started;
  how_lost.reason = std::move(reason);
  finish(a, std::move(how_lost), false);
}

/// Its slot is free from now on; the store is asked to end it, in the same message as the slot's next lease.
/// @param reported by its node, which is to forget it once the end is committed. What the lane gave up on may still
///        report: as an unknown fence then.
void machine::state::finish(live_attempt& a, attempt_end end, bool reported) {
  invariant(a.phase != attempt_phase::ending);
  a.phase = attempt_phase::ending;
  quiet(a.fence);
  slots.release(a.node);
  own_demotion(a, end);
  store::end op{a.job, a.fence, how.name, epoch, std::move(end), {}};
  op.decision = decide(op.how, a.facts, a.failures, a.decision);
  op.given_up = !reported;
  ask_end(std::move(op), a.node, reported);
}

void machine::state::ask_end(store::end op, std::string node, bool reported) {
  const auto fence = op.fence;
  const auto id = op.id;
  if (reported) op.node = node;
  ends_asked[fence] = ask({std::move(op), id, fence, std::move(node), false, reported});
}

/// The row no longer runs under this fence, and not by our doing.
void machine::state::drop(live_attempt& a) {
  quiet(a.fence);
  slots.release(a.node);
  emit(tell_stop{a.node, {a.fence, stop_reason::unknown, duration{0}}});
  emit(lease_closed{a.fence});
  attempts.erase(a.fence);
}

void machine::state::quiet(fence_t fence) {
  for (const auto kind :
       {timer_kind::budget, timer_kind::start, timer_kind::stop, timer_kind::doubt, timer_kind::carry})
    alarms.cancel(kind, fence);
}

/// @param end a demotion without a lane to go to becomes timed_out.
end_decision machine::state::decide(attempt_end& end, const policy::job_facts& facts, std::uint32_t failures,
                                    const std::optional<policy::timeout_decision>& known) {
  using kind = policy::timeout_decision::kind;
  current = facts.id;
  end_decision d;
  d.lane_count = how.lane_count;
  if (end.how == outcome::demoted) {
    // A stop ordered by an earlier life of this lane: decide again.
    const auto what = known ? *known : timeout_of(facts);
    d.move_to = what.move_to;
    end.saved = end.saved && policy::resumes(what.modes);
    if (what.what == kind::fail) end.how = outcome::timed_out;
    if (what.what == kind::extend) end.how = outcome::drained; // Too late to go on: again, at no cost.
  }
  const auto c = how.classes.find(facts.job_class);
  const auto& rule = c == how.classes.end() ? retry_policy{} : c->second.retry;
  if (end.how == outcome::failed || end.how == outcome::crashed || end.how == outcome::timed_out)
    d.retry_after = backoff(rule, failures + 1, draw());
  return d;
}

double machine::state::draw() { return static_cast<double>(random() >> 11) * 0x1p-53; }

} // namespace fabric::lane
