#include "fabric/lane/state.hpp"

/// A configuration that changes while jobs wait and run.
namespace fabric::lane {

void machine::state::on(const reconfigured& e) {
  const bool other_order = e.how.demoted_first != how.demoted_first;
  how = e.how;
  policy = e.policy;
  is_retired = false;
  take_from(policy->overflow(how.name, view));
  for (auto& [fence, a] : attempts) {
    current = a.job;
    if (a.phase != attempt_phase::ending) rebudget(a);
  }
  current = 0;
  if (!other_order) return;
  jobs.clear();
  jobs.set_order(how.demoted_first);
  if (at != phase::closed) start_over();
}

/// The lane is about to end: nothing comes in any longer.
void machine::state::on(const retired&) {
  is_retired = true;
  take_from({});
}

/// Credit that other lanes gave under the old policy is void.
void machine::state::take_from(std::vector<std::string> lanes) {
  for (const auto& lane : takes_from)
    if (auto said = taken.say(lane, {}, false)) emit(std::move(*said));
  takes_from = std::move(lanes);
  given.restart();
}

/// What was decided when its budget ran out is decided again; an extension counts as not given.
void machine::state::rebudget(live_attempt& a) {
  const bool on_its_way = a.stopping != stop_reason::none || alarms.is_set(timer_kind::carry, a.fence);
  if (on_its_way) {
    if (a.decision) a.decision = timeout_of(a.facts);
    return;
  }
  a.decision.reset();
  a.deadline.reset();
  alarms.cancel(timer_kind::budget, a.fence);
  if (!a.began || !how.budget) return;
  a.deadline = *a.began + a.ran_before + *how.budget;
  alarms.set(timer_kind::budget, a.fence, *a.deadline);
}

} // namespace fabric::lane
