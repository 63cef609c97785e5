#include "fabric/invariant.hpp"
#include "fabric/lane/state.hpp"

#include <utility>

namespace fabric::lane {

namespace {

/// A due time that the store's clock has not reached yet.
constexpr duration due_again = std::chrono::milliseconds{20};

bool is_old_epoch(const store::answer& reply) {
  return reply.failure && reply.failure->code == errc::stale && reply.failure->where == "epoch";
}

/// The row is not what was believed; anything else may work later.
bool is_refuted(const error& why) {
  return why.code == errc::stale || why.code == errc::wrong_state || why.code == errc::not_found;
}

} // namespace

std::uint64_t machine::state::ask(unanswered what) {
  const auto ticket = ++last_ticket;
  emit(ask_store{ticket, what.op});
  asked.emplace(ticket, std::move(what));
  alarms.set(timer_kind::answer, ticket, now + how.resend);
  return ticket;
}

void machine::state::repeat(std::uint64_t ticket) {
  const auto it = asked.find(ticket);
  if (it == asked.end()) return;
  emit(ask_store{ticket, it->second.op});
  alarms.set(timer_kind::answer, ticket, now + how.resend);
}

void machine::state::on(const answered& e) {
  const auto it = asked.find(e.ticket);
  if (it == asked.end()) return;
  if (is_old_epoch(e.reply)) {
    // While loading it is the answer to what was asked under the epoch before.
    if (!serving()) return;
    emit(alarm{"old_epoch", "lane " + how.name + " was opened elsewhere and opens again", e.reply.id});
    return start_over();
  }
  const bool try_again =
      e.reply.failure && !is_refuted(*e.reply.failure) &&
      (std::holds_alternative<store::end>(it->second.op) || std::holds_alternative<store::open_lane>(it->second.op));
  if (try_again) return; // Its timer repeats it.
  const auto what = std::move(it->second);
  current = what.job;
  asked.erase(it);
  alarms.cancel(timer_kind::answer, e.ticket);
  std::visit([&](const auto& op) { settle(op, what, e.reply); }, what.op);
}

void machine::state::settle(const store::open_lane&, const unanswered&, const store::answer& reply) {
  if (at == phase::opening) opened(reply);
}

void machine::state::settle(const store::lease& op, const unanswered& what, const store::answer& reply) {
  leases_asked.erase(op.id);
  if (!reply.failure) return leased(what, reply);
  if (what.slot) slots.release(what.node);
  // A repeat of one that was committed is refused too; the feed told of it, but its input never came.
  if (auto* const a = attempts.of_job(op.id); a != nullptr && a->own && a->phase == attempt_phase::leased)
    return lost(*a, "no start has left", false);
  not_done(op.id, op.version, *reply.failure);
}

void machine::state::leased(const unanswered& what, const store::answer& reply) {
  invariant(reply.row.has_value());
  ++granted;
  const auto& row = *reply.row;
  jobs.erase(row.id);
  auto* a = attempts.find(row.fence);
  if (a == nullptr) {
    if (!what.slot) return; // The feed has told of its end already.
    a = &attempts.add(row.fence, row.id);
    a->node = what.node; // Its slot is now counted here.
    a->job_class = classes.intern(row.job_class);
    emit(lease_began{row.fence, row.id, what.node, row.lease});
  }
  a->own = true;
  a->confirmed = true;
  a->version = std::max(a->version, row.version);
  a->lease_seq = what.want_seq;
  a->number = row.attempt;
  a->failures = row.counts.failures;
  a->facts = {row.id, row.job_class, row.owner, row.priority, row.attempt, row.demoted_order != 0, row.overflow_from};
  a->input = reply.input;
  a->kept_on = row.kept_on;
  a->kept_work = row.kept_work;
  if (a->cancelled) return end_unstarted(*a);
  send_start(*a);
}

void machine::state::settle(const store::move& op, const unanswered&, const store::answer& reply) {
  if (!reply.failure) return alarms.set(timer_kind::verify, op.id, now + how.resend);
  if (op.overflow) given.take_back(op.to_lane);
  not_done(op.id, op.version, *reply.failure);
}

void machine::state::settle(const store::due& op, const unanswered&, const store::answer& reply) {
  if (!reply.failure) {
    const auto* const j = jobs.find(op.id);
    if (j != nullptr && j->second.version == op.version) alarms.set(timer_kind::verify, op.id, now + how.resend);
    return;
  }
  auto* const j = jobs.find(op.id);
  if (reply.failure->code == errc::wrong_state && j != nullptr && j->second.version == op.version)
    return jobs.restore(*j, now + due_again);
  not_done(op.id, op.version, *reply.failure);
}

void machine::state::settle(const store::end& op, const unanswered& what, const store::answer& reply) {
  ends_asked.erase(op.fence);
  if (what.reported) emit(tell_forget{what.node, op.fence});
  emit(lease_closed{op.fence});
  auto* const a = attempts.find(op.fence);
  if (!reply.failure) {
    policy::job_facts facts = a != nullptr ? a->facts : policy::job_facts{};
    facts.id = op.id;
    policy->finished(facts, op.how.how, op.how.run_time);
    emit(finished{std::move(facts), op.how.how, op.how.run_time});
  }
  if (a != nullptr) attempts.erase(op.fence);
}

/// What was believed of the row is wrong, or the store does no work now.
void machine::state::not_done(job_id id, std::uint64_t version, const error& why) {
  auto* const j = jobs.find(id);
  const bool is_same = j != nullptr && j->second.version == version;
  if (is_refuted(why)) {
    // The feed tells the truth; should it not, the row is read.
    if (is_same) alarms.set(timer_kind::verify, id, now + how.resend);
    return;
  }
  if (is_same) jobs.restore(*j);
  hold_on();
}

void machine::state::hold_on() {
  refused_work = true;
  alarms.set(timer_kind::resume, 0, now + how.resend);
}

void machine::state::verify(job_id id) {
  if (!serving()) return;
  if (verifying) {
    doubtful.push_back(id);
    return;
  }
  current = id;
  verifying = id;
  emit(load_page{id - 1, 1});
  alarms.set(timer_kind::load, 0, now + how.resend);
}

void machine::state::verified(const page& e) {
  if (!verifying || (e.after && *e.after != *verifying - 1)) return;
  const auto id = *verifying;
  current = id;
  const auto& rows = e.rows.entries;
  if (!rows.empty() && rows.front().id < id) return; // About another row.
  if (rows.empty() || rows.front().id != id) {
    jobs.erase(id);
    guests.erase(id);
  } else if (auto* const j = jobs.find(id); j != nullptr && j->second.version == rows.front().version) {
    jobs.restore(*j);
  } else {
    merge(rows.front(), false);
  }
  verifying.reset();
  alarms.cancel(timer_kind::load, 0);
  if (doubtful.empty()) return;
  const auto next = doubtful.back();
  doubtful.pop_back();
  verify(next);
}

} // namespace fabric::lane
