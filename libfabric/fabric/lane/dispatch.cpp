#include "fabric/lane/state.hpp"

#include <algorithm>

namespace fabric::lane {

/// Leases the best ready job for a free slot until no slot can run any. Best over classes: G5.
void machine::state::dispatch() {
  if (refused_work || pause || jobs.ready() == 0) return;
  auto free = slots.free();
  std::vector<char> has_no_slot(classes.size());
  while (free > 0) {
    waiting_job* best = nullptr;
    for (name_id c = 0; c < has_no_slot.size(); ++c) {
      auto* const head = has_no_slot[c] != 0 ? nullptr : jobs.best(c);
      if (head != nullptr && (best == nullptr || jobs.before(*head, *best))) best = head;
    }
    if (best == nullptr) return;
    if (const auto* const w = slots.choose(best->second.job_class)) {
      lease_to(*best, *w);
      --free;
    } else {
      has_no_slot[best->second.job_class] = 1;
    }
  }
}

void machine::state::lease_to(waiting_job& j, const worker_slots& w) {
  current = j.first;
  jobs.take(j);
  slots.take(w.node);
  const store::lease op{j.first, j.second.version, how.name, epoch, w.node, w.worker, how.lease};
  leases_asked[j.first] = ask({op, j.first, 0, w.node, true, false, w.seq});
}

void machine::state::wake_due() {
  if (refused_work) return;
  for (auto* j = jobs.next_due(); j != nullptr && j->second.at <= now; j = jobs.next_due()) {
    current = j->first;
    jobs.take(*j);
    ask({store::due{j->first, j->second.version, how.name, epoch}, j->first, 0, {}, false, false});
  }
}

/// Jobs from other lanes that no slot took go back at once.
void machine::state::hand_back() {
  if (refused_work || jobs.guests().empty()) return;
  const std::vector<job_id> all{jobs.guests().begin(), jobs.guests().end()};
  for (const auto id : all) {
    current = id;
    auto& j = *jobs.find(id);
    if (!is_lane(jobs.overflow_from(j))) continue; // The lane it came from is gone: it waits here.
    const store::move op{id, j.second.version, how.name, epoch, jobs.overflow_from(j), false};
    jobs.take(j);
    ask({op, id, 0, {}, false, false});
  }
}

void machine::state::on(const offered& e) {
  if (is_lane(e.from)) given.on(e);
}

/// Fresh jobs that no slot here can take go to lanes that offer one.
void machine::state::hand_over() {
  if (refused_work || pause || jobs.ready() == 0) return;
  for (const auto& to : given.takers(policy->helpers(how.name))) {
    while (given.left(to) > 0) {
      auto* const j = best_for_other(given.classes(to));
      if (j == nullptr) break;
      current = j->first;
      const store::move op{j->first, j->second.version, how.name, epoch, to, true};
      jobs.take(*j);
      given.hand_over(to);
      ask({op, j->first, 0, {}, false, false});
    }
  }
}

waiting_job* machine::state::best_for_other(const std::vector<std::string>& wanted_classes) {
  waiting_job* best = nullptr;
  for (const auto& name : wanted_classes) {
    const auto c = classes.intern(name);
    auto* const head = jobs.best_fresh(c);
    if (head == nullptr || slots.choose(c) != nullptr) continue;
    if (best == nullptr || jobs.before(*head, *best)) best = head;
  }
  return best;
}

/// Every lane is offered all idle slots: which of them has fresh jobs waiting is not known here. What comes beyond
/// them is handed back.
void machine::state::make_offers(bool repeat) {
  if (takes_from.empty()) return;
  if (!alarms.is_set(timer_kind::offer, 0)) alarms.set(timer_kind::offer, 0, now + how.resend);
  const auto idle = refused_work || pause ? 0 : slots.free();
  for (const auto& lane : takes_from) {
    offers::level level{idle, idle > 0 ? slots.free_classes() : std::vector<std::string>{}};
    if (auto said = taken.say(lane, std::move(level), repeat && idle > 0)) emit(std::move(*said));
  }
}

} // namespace fabric::lane
