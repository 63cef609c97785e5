#include "fabric/invariant.hpp"
#include "fabric/lane/state.hpp"

#include <algorithm>
#include <utility>

namespace fabric::lane {

void machine::state::start_over() {
  at = phase::opening;
  jobs.clear();
  guests.clear();
  fed.clear();
  doubtful.clear();
  verifying.reset();
  leases_asked.clear();
  carries_asked.clear();
  looked_for.clear();
  // What was asked under the old epoch is refused; only ends are asked again, as soon as the lane serves.
  for (auto it = asked.begin(); it != asked.end();) {
    alarms.cancel(timer_kind::answer, it->first);
    if (it->second.slot) slots.release(it->second.node);
    it = it->second.fence == 0 ? asked.erase(it) : std::next(it);
  }
  alarms.cancel(timer_kind::load, 0);
  for (auto& [fence, a] : attempts) a.confirmed = false;
  ask({store::open_lane{how.name}, 0, 0, {}, false, false});
}

void machine::state::opened(const store::answer& reply) {
  epoch = reply.epoch;
  set_pause(reply.pause);
  at = phase::loading;
  next_seq = 1;
  loaded_to = 0;
  taken.restart(epoch);
  given.restart();
  ask_page();
}

void machine::state::ask_page() {
  emit(load_page{loaded_to, how.page});
  alarms.set(timer_kind::load, 0, now + how.resend);
}

/// A page is overdue. While serving it was about one row: then read everything again.
void machine::state::load_late() {
  if (at == phase::loading) ask_page();
  if (serving() && verifying) start_over();
}

void machine::state::on(const page& e) {
  if (serving()) return verified(e);
  if (at != phase::loading || (e.after && *e.after != loaded_to)) return;
  const auto& rows = e.rows.entries;
  if (!rows.empty() && rows.front().id <= loaded_to) return; // A repeat of an earlier page.
  for (const auto& entry : rows) {
    current = entry.id;
    const auto told = fed.find(entry.id);
    if (told == fed.end() || told->second < entry.version) merge(entry, false);
  }
  current = 0;
  if (!rows.empty()) loaded_to = rows.back().id;
  if (e.rows.last) return serve();
  invariant(!rows.empty());
  ask_page();
}

void machine::state::serve() {
  alarms.cancel(timer_kind::load, 0);
  at = phase::serving;
  fed.clear();
  arm_pause();
  settle_attempts();
  auto waited = std::move(early);
  early.clear();
  for (const auto& what : waited) {
    current = 0;
    take(what);
  }
  retry_early_carries();
  alarms.set(timer_kind::offer, 0, now + how.resend);
}

/// After a fresh open: attempts that the store no longer runs are over; ends that were not answered are asked again.
void machine::state::settle_attempts() {
  std::vector<fence_t> over;
  for (const auto& [fence, a] : attempts)
    if (!a.confirmed && a.phase != attempt_phase::ending) over.push_back(fence);
  for (const auto fence : over) {
    // It has ended, or was carried away while the feed was not heard.
    auto& a = *attempts.find(fence);
    look_for(fence, a.job, a.node);
    let_go(a);
  }
  for (auto& [fence, a] : attempts) {
    current = a.job;
    if (a.own && a.phase == attempt_phase::leased) lost(a, "no start has left", false);
    if (a.ran_before > duration{0} && !a.answered) fetch(a);
  }
  current = 0;
  for (auto& [ticket, what] : asked) {
    if (what.fence == 0) continue;
    // One that was asked while the lane was opened carries the old epoch, too.
    auto& op = std::get<store::end>(what.op);
    if (std::exchange(op.epoch, epoch) != epoch || !alarms.is_set(timer_kind::answer, ticket)) repeat(ticket);
  }
}

/// What was committed before the lane was opened is in its pages, so changes of an older epoch say nothing new. Those
/// of a newer one cannot be counted: the lane was opened once more, by a repeat of its own question.
void machine::state::on(const feed& e) {
  for (const auto& change : e.changes) {
    if (at == phase::closed || at == phase::opening) return;
    if (change.epoch < epoch || (change.epoch == epoch && change.seq < next_seq)) continue;
    if (change.epoch > epoch || change.seq > next_seq) {
      emit(alarm{"feed_gap", "lane " + how.name + " missed changes and reads its jobs again", 0});
      return start_over();
    }
    ++next_seq;
    apply(change);
  }
}

void machine::state::apply(const store::lane_change& change) {
  current = change.entry.id;
  if (current == 0) return set_pause(change.pause);
  if (!serving()) {
    auto& version = fed[change.entry.id];
    version = std::max(version, change.entry.version);
  }
  if (change.gone) return drop_gone(change.entry);
  merge(change.entry, true);
}

void machine::state::merge(const store::lane_entry& entry, bool from_feed) {
  alarms.cancel(timer_kind::verify, entry.id);
  const auto* const known = jobs.find(entry.id);
  if (known != nullptr && known->second.version >= entry.version) return;
  note_guest(entry, from_feed);
  if (entry.state == job_state::running) return merge_running(entry);
  const auto* const a = attempts.of_job(entry.id);
  if (a != nullptr && a->version >= entry.version) return;
  invariant(!is_final(entry.state));
  jobs.put(entry, now);
}

/// Counts a job that another lane handed over, once per stay.
void machine::state::note_guest(const store::lane_entry& entry, bool from_feed) {
  if (entry.overflow_from.empty() || !guests.insert(entry.id).second) return;
  if (from_feed) taken.received(entry.overflow_from);
}

void machine::state::merge_running(const store::lane_entry& entry) {
  jobs.erase(entry.id);
  auto* a = attempts.find(entry.fence);
  if (a == nullptr) {
    a = &attempts.add(entry.fence, entry.id);
    a->node = entry.node;
    a->job_class = classes.intern(entry.job_class);
    a->number = entry.attempt;
    a->failures = entry.failures;
    a->facts = {entry.id,           entry.job_class, {}, entry.priority, entry.attempt, entry.demoted_order != 0,
                entry.overflow_from};
    slots.take(a->node);
    // Its own lease may still be unanswered: then the slot is counted there.
    if (const auto ticket = leases_asked.find(entry.id); ticket != leases_asked.end()) {
      auto& op = asked.at(ticket->second);
      a->own = true;
      if (std::exchange(op.slot, false)) slots.release(op.node);
    }
    adopt(*a, entry);
    emit(lease_began{a->fence, a->job, a->node, entry.lease});
  } else if (!a->confirmed) {
    // Membership may be another one since, or have missed it: then nobody would ever end this lease.
    emit(lease_began{a->fence, a->job, a->node, entry.lease});
  }
  a->version = std::max(a->version, entry.version);
  a->confirmed = true;
  if (entry.cancel_requested) cancel(*a);
}

void machine::state::drop_gone(const store::lane_entry& entry) {
  const auto* const known = jobs.find(entry.id);
  if (known != nullptr && known->second.version > entry.version) return; // It has come back since.
  jobs.erase(entry.id);
  guests.erase(entry.id);
  alarms.cancel(timer_kind::verify, entry.id);
  auto* const a = attempts.of_job(entry.id);
  if (a == nullptr || a->version > entry.version) return;
  const bool carried = entry.state == job_state::running && entry.fence == a->fence;
  carried ? let_go(*a) : drop(*a);
}

/// The newest want of a node and the newest offer of a lane are enough; the rest is kept once, in order.
void machine::state::keep_early(const event& what) {
  std::erase_if(early, [&](const event& old) {
    if (old.index() != what.index()) return false;
    if (const auto* e = std::get_if<wanted>(&what)) return std::get<wanted>(old).what.node == e->what.node;
    if (const auto* e = std::get_if<offered>(&what)) return std::get<offered>(old).from == e->from;
    if (const auto* e = std::get_if<started>(&what)) return std::get<started>(old).what.fence == e->what.fence;
    if (const auto* e = std::get_if<refused>(&what)) return std::get<refused>(old).what.fence == e->what.fence;
    if (const auto* e = std::get_if<ended>(&what)) return std::get<ended>(old).what.fence == e->what.fence;
    if (const auto* e = std::get_if<lease_over>(&what)) return std::get<lease_over>(old).fence == e->fence;
    return false;
  });
  early.push_back(what);
}

} // namespace fabric::lane
