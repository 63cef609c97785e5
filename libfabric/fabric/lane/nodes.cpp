#include "fabric/lane/state.hpp"

#include <map>

namespace fabric::lane {

void machine::state::on(const wanted& e) {
  const auto& w = e.what;
  if (!slots.update(w)) return;
  std::map<fence_t, const held_attempt*> held;
  for (const auto& h : w.held) held.emplace(h.fence, &h);
  for (auto& [fence, a] : attempts) {
    const auto it = held.find(fence);
    const bool is_held = it != held.end() && it->second->job == a.job;
    current = a.job;
    if (a.node == w.node && a.phase != attempt_phase::ending) check_held(a, w, is_held ? it->second : nullptr);
  }
  current = 0;
  retry_early_carries();
  for (const auto& [fence, h] : held) {
    const auto* const a = attempts.find(fence);
    if (a == nullptr && !ends_asked.contains(fence)) look_for(fence, h->job, w.node);
    if (a != nullptr && (a->node != w.node || a->job != h->job))
      emit(tell_stop{w.node, {fence, stop_reason::unknown, duration{0}}});
  }
}

void machine::state::check_held(live_attempt& a, const want& w, const held_attempt* held) {
  if (held != nullptr) return now_running(a, held->ran, held->ran > duration{0});
  if (a.ran_before > duration{0}) return fetch(a); // Another worker of the node may hold it.
  if (a.phase == attempt_phase::leased && a.own) return send_start(a);
  const bool same_life = a.start_boot == w.boot && a.phase == attempt_phase::started && a.own;
  if (same_life && !a.answered && a.stopping == stop_reason::none) {
    // The start may have crossed this want on the way; saying it again is safe, ending the attempt would not be.
    if (a.start_seq < w.seq) send_start(a);
    return;
  }
  if (!w.held_known) return;
  a.absent = true;
  if (!alarms.is_set(timer_kind::doubt, a.fence)) alarms.set(timer_kind::doubt, a.fence, now + how.doubt);
}

} // namespace fabric::lane
