#include "fabric/job/transitions.hpp"

#include "fabric/invariant.hpp"
#include "fabric/job/limits.hpp"

#include <algorithm>
#include <utility>

namespace fabric {

namespace {

tl::unexpected<error> not_in(const job& j, std::string_view wanted) {
  std::string message = "job " + std::to_string(j.id) + " is ";
  message.append(to_string(j.state)).append(", not ").append(wanted);
  return fail(errc::wrong_state, std::move(message));
}

/// Every change starts here, so that no transition can forget the version.
job changed(const job& before) {
  job after = before;
  ++after.version;
  return after;
}

/// The job holds no slot any more. Its fence stays: it names the last attempt.
void release(job& j) {
  j.node.clear();
  j.lease = duration::zero();
  j.ran_before = duration::zero();
}

/// What an attempt on this node may have changed is there. Of one that was lost with its node, rather what another
/// kept.
void keep_checkpoint(job& j, const std::string& node, bool is_lost) {
  if (!is_lost || j.kept_on.empty()) j.kept_on = node;
}

void finish(job& j, job_state state, time_point now) {
  invariant(is_final(state));
  j.state = state;
  j.finished_at = now;
  j.run_at = no_time;
}

void bury(job& j, std::string_view cap, time_point now) {
  finish(j, job_state::buried, now);
  j.reason = j.reason.empty() ? std::string(cap) : std::string(cap) + ": " + j.reason;
}

std::string times(std::uint32_t count, std::string_view what) {
  return std::string(what) + (count == 1 ? " once" : " " + std::to_string(count) + " times");
}

/// Goes to `next` unless `count` reached `cap`.
void go_on_or_bury(job& j, job_state next, std::uint32_t count, std::uint32_t cap, std::string_view what,
                   time_point now) {
  if (count >= cap)
    bury(j, times(count, what), now);
  else
    j.state = next;
}

void retry_or_bury(job& j, std::uint32_t count, std::uint32_t cap, std::string_view what, duration retry_after,
                   time_point now) {
  go_on_or_bury(j, job_state::scheduled, count, cap, what, now);
  if (j.state == job_state::scheduled) j.run_at = now + retry_after;
}

void demote(job& j, const end_decision& decision, bool was_carried, std::uint64_t order, time_point now) {
  if (was_carried && decision.move_to == j.lane) {
    j.state = job_state::ready; // The stop of a lane that had it before.
    return;
  }
  invariant(decision.lane_count >= 1);
  go_on_or_bury(j, job_state::ready, ++j.counts.demoted, decision.lane_count, "demoted", now);
  if (j.state != job_state::ready) return;
  invariant(order > 0);
  j.lane = decision.move_to;
  j.demoted_order = order;
  j.overflow_from.clear();
}

/// What the outcome itself asks for, once no cancel is in the way.
void follow(job& j, outcome how, const attempt_end& end, const end_decision& decision, bool was_carried,
            std::uint64_t demoted_order, time_point now) {
  switch (how) {
  case outcome::succeeded: finish(j, job_state::succeeded, now); break;
  case outcome::failed:
  case outcome::timed_out:
  case outcome::crashed:
    retry_or_bury(j, ++j.counts.failures, j.max_attempts, "failed", decision.retry_after, now);
    break;
  case outcome::memory_exceeded:
    retry_or_bury(j, ++j.counts.memory, limits::memory_cap, "over the memory limit", decision.retry_after, now);
    break;
  case outcome::lost:
    j.state = job_state::ready;
    if (end.started) go_on_or_bury(j, job_state::ready, ++j.counts.lost, limits::lost_cap, "lost", now);
    break;
  case outcome::demoted: demote(j, decision, was_carried, demoted_order, now); break;
  case outcome::checkpointed:
    go_on_or_bury(j, job_state::ready, ++j.counts.checkpointed, limits::checkpoint_cap, "checkpointed", now);
    break;
  case outcome::drained: j.state = job_state::ready; break;
  case outcome::cancelled: finish(j, job_state::cancelled, now); break;
  case outcome::none: invariant(false); break;
  }
}

constexpr std::string_view lane_died_over_it = "its lane's actor died while handling it";

/// The granter's own slack, and the time until a node that still renews says what it holds and is told to stop it.
constexpr duration lease_slack = std::chrono::seconds{10};

/// Where a job goes that is to run.
void queue(job& j, const line_terms& line, time_point now) {
  if (line.waits) {
    j.state = job_state::waiting;
    return;
  }
  const auto due = std::max(j.run_at, line.free_at);
  j.state = due > now ? job_state::scheduled : job_state::ready;
  j.run_at = due > now ? due : no_time;
}

std::string reason_of(outcome how, const attempt_end& end) {
  if (how == outcome::succeeded) return {};
  return end.reason.empty() ? std::string(to_string(how)) : end.reason;
}

} // namespace

job apply_submit(job fresh, const line_terms& line, time_point now) {
  queue(fresh, line, now);
  return fresh;
}

expected<job> apply_lease(const job& before, const lease_terms& terms) {
  invariant(terms.fence > 0);
  if (before.state != job_state::ready) return not_in(before, "ready");
  invariant(terms.fence > before.fence);
  job after = changed(before);
  after.state = job_state::running;
  after.fence = terms.fence;
  after.node = terms.node;
  after.lease = terms.length;
  ++after.attempt;
  return after;
}

expected<job> apply_end(const job& before, const attempt_end& end, const end_decision& decision,
                        std::uint64_t demoted_order, time_point now) {
  if (before.state != job_state::running) return not_in(before, "running");
  if (end.how == outcome::none || end.how > outcome::cancelled)
    return fail(errc::wrong_state, "the end of job " + std::to_string(before.id) + " carries no outcome");
  // Without a lane to go to, the budget was the job's time limit.
  const bool no_way_out = end.how == outcome::demoted && decision.move_to.empty();
  const outcome how = no_way_out ? outcome::timed_out : end.how;
  job after = changed(before);
  release(after);
  if ((how == outcome::demoted || how == outcome::lost || how == outcome::drained) && !end.saved)
    after.wasted += std::max(end.run_time, duration::zero());
  if (end.started) keep_checkpoint(after, before.node, how == outcome::lost);
  if (end.saved) after.kept_work += std::max(end.run_time, duration::zero());
  if (before.cancel_requested && how != outcome::succeeded) {
    finish(after, job_state::cancelled, now); // Keeps the reason that the client gave.
    return after;
  }
  after.reason = reason_of(how, end);
  if (is_condemned(before) && how != outcome::succeeded)
    bury(after, times(after.lane_deaths, lane_died_over_it), now);
  else
    follow(after, how, end, decision, before.ran_before > duration::zero(), demoted_order, now);
  return after;
}

expected<job> apply_carry(const job& before, const carry_terms& terms, std::uint64_t demoted_order) {
  invariant(!terms.to_lane.empty() && terms.to_lane != before.lane && terms.ran > duration::zero());
  invariant(terms.lane_count >= 1 && demoted_order > 0);
  if (before.state != job_state::running) return not_in(before, "running");
  if (before.cancel_requested || is_condemned(before))
    return fail(errc::wrong_state, "job " + std::to_string(before.id) + " is to be stopped");
  if (before.counts.demoted + 1 >= terms.lane_count)
    return fail(errc::wrong_state, "job " + std::to_string(before.id) + " was demoted too often to be carried");
  job after = changed(before);
  after.lane = terms.to_lane;
  after.overflow_from.clear();
  after.ran_before = terms.ran;
  after.demoted_order = demoted_order;
  ++after.counts.demoted;
  return after;
}

duration wasted_by_end(const job& before, const job& after) { return after.wasted - before.wasted; }

expected<job> apply_move(const job& before, const std::string& to_lane, bool overflow) {
  invariant(!to_lane.empty());
  if (before.state != job_state::ready) return not_in(before, "ready");
  // A job taken by overflow has one way: back to where it came from. A chain would forget that.
  const bool allowed = overflow ? before.overflow_from.empty() && to_lane != before.lane
                                : !before.overflow_from.empty() && to_lane == before.overflow_from;
  if (!allowed)
    return fail(errc::wrong_state, "job " + std::to_string(before.id) + " in lane " + before.lane + " may not be " +
                                       (overflow ? "taken by " : "handed back to ") + to_lane);
  job after = changed(before);
  after.overflow_from = overflow ? before.lane : std::string();
  after.lane = to_lane;
  return after;
}

expected<job> apply_due(const job& before, time_point now) {
  if (before.state != job_state::scheduled) return not_in(before, "scheduled");
  if (before.run_at > now) return fail(errc::wrong_state, "job " + std::to_string(before.id) + " is not due yet");
  job after = changed(before);
  after.state = job_state::ready;
  after.run_at = no_time;
  return after;
}

expected<job> apply_cancel(const job& before, const std::string& reason, time_point now) {
  if (is_final(before.state))
    return fail(errc::wrong_state,
                "job " + std::to_string(before.id) + " is already " + std::string(to_string(before.state)));
  job after = changed(before);
  if (!before.cancel_requested) // The first reason stays.
    after.reason = reason;
  if (before.state == job_state::running)
    after.cancel_requested = true;
  else
    finish(after, job_state::cancelled, now);
  return after;
}

expected<job> apply_kick(const job& before, const line_terms& line, time_point now) {
  if (before.state != job_state::buried) return not_in(before, "buried");
  if (now < left_until(before))
    return fail(errc::wrong_state, "an attempt of job " + std::to_string(before.id) + " may still run on node " +
                                       before.node + ", until its lease is over: try again later");
  job after = changed(before);
  release(after);
  queue(after, line, now);
  after.counts = {};
  after.lane_deaths = 0;
  after.reason.clear();
  after.finished_at = no_time;
  after.cancel_requested = false;
  return after;
}

expected<job> apply_release(const job& before, const line_terms& line, time_point now) {
  invariant(!line.waits);
  if (before.state != job_state::waiting) return not_in(before, "waiting");
  job after = changed(before);
  queue(after, line, now);
  return after;
}

bool is_in_line(const job& j) {
  const bool left_one = j.state == job_state::buried && !j.node.empty();
  return !j.ordering_key.empty() && (!is_final(j.state) || left_one);
}

time_point left_until(const job& j) {
  return j.state == job_state::buried && !j.node.empty() ? j.finished_at + j.lease + lease_slack : no_time;
}

expected<job> apply_lane_death(const job& before, time_point now) {
  if (is_final(before.state)) return not_in(before, "live");
  job after = changed(before);
  ++after.lane_deaths;
  const auto cap = before.state == job_state::running ? limits::lane_death_cap_running : limits::lane_death_cap;
  if (after.lane_deaths < cap) return after;
  bury(after, times(after.lane_deaths, lane_died_over_it), now);
  if (before.state == job_state::running) keep_checkpoint(after, before.node, true);
  return after;
}

bool is_condemned(const job& j) { return j.state == job_state::running && j.lane_deaths >= limits::lane_death_cap; }

expected<job> apply_gone(const job& before) {
  if (before.state != job_state::buried || before.node.empty()) return not_in(before, "buried with an attempt left");
  job after = changed(before);
  release(after);
  return after;
}

expected<job> apply_extend(const job& before, duration length) {
  invariant(length > duration::zero());
  if (before.state != job_state::running) return not_in(before, "running");
  job after = changed(before);
  after.lease = std::max(before.lease, length); // A repeat that comes late must not shorten it.
  return after;
}

job apply_reset(const job& before) {
  job after = changed(before);
  after.kept_on.clear();
  after.kept_work = duration::zero();
  return after;
}

expected<job> apply_start_over(const job& before) {
  if (before.state != job_state::running) return not_in(before, "running");
  job after = changed(before);
  after.wasted += std::exchange(after.kept_work, duration::zero());
  after.kept_on.clear();
  return after;
}

} // namespace fabric
