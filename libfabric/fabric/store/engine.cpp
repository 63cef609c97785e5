#include "fabric/store/engine.hpp"

#include "fabric/job/limits.hpp"
#include "fabric/store/job_store.hpp"

#include <utility>
#include <variant>

namespace fabric::store {

namespace {

answer done(job_id id) {
  answer reply;
  reply.id = id;
  return reply;
}

answer refused(job_id id, error why) {
  answer reply;
  reply.id = id;
  reply.failure = std::move(why);
  return reply;
}

answer refused(job_id id, errc code, std::string message, std::string where = {}) {
  return refused(id, error{code, std::move(message), std::move(where)});
}

answer no_space(job_id id, std::string_view what) {
  return refused(id, errc::disk_full, "no " + std::string(what) + " while free disk space is below store.disk_low",
                 "store.disk_low");
}

job new_row(const submit& op, job_id id, time_point now) {
  job row;
  row.id = id;
  row.job_class = op.spec.job_class;
  row.lane = op.lane;
  row.priority = op.spec.priority;
  row.run_at = op.spec.delay > duration{0} ? now + op.spec.delay : no_time;
  row.submitted_at = now;
  row.max_attempts = op.max_attempts;
  row.idempotency_key = op.spec.idempotency_key.value_or("");
  row.owner = op.spec.owner;
  row.labels = op.spec.labels;
  row.ordering_key = op.spec.ordering_key.value_or("");
  if (!row.ordering_key.empty()) row.key_order = id;
  return row;
}

/// What an event says of a job that comes to the end of its key's line.
std::string behind(const key_head& head) {
  return head.first ? "waits: job " + std::to_string(*head.first) + " of its key has not ended" : std::string();
}

/// As a kick leaves it; so a kick whose answer was lost can be repeated.
bool has_all_attempts(const job& row) {
  const auto ended = row.attempt - (row.state == job_state::running ? 1 : 0);
  return !is_final(row.state) && ended > 0 && row.counts == attempt_counts{} && row.lane_deaths == 0;
}

} // namespace

engine::engine(rows& tables, ledger& numbers, admission allowed, time_point now)
    : tables_(tables), numbers_(numbers), allowed_(allowed), now_(now), journal_(tables, numbers, now) {}

batch_result engine::run(std::span<const operation> ops) {
  journal_.result().answers.reserve(ops.size());
  for (const auto& op : ops) {
    if (tables_.failed()) break;
    auto reply = std::visit([this](const auto& one) { return on(one); }, op);
    release_next();
    journal_.result().answers.push_back(std::move(reply));
  }
  return std::move(journal_.result());
}

bool engine::epoch_is_old(const std::string& lane, std::uint64_t epoch, answer& why) const {
  const auto current = numbers_.epoch_of(lane);
  if (epoch == current) return false;
  why.failure = error{errc::stale,
                      "lane " + lane + " speaks with epoch " + std::to_string(epoch) + ", the store is at " +
                          std::to_string(current),
                      "epoch"};
  return true;
}

template <class Op> std::optional<stored_job> engine::match(const Op& op, answer& why) {
  why.id = op.id;
  if (epoch_is_old(op.lane, op.epoch, why)) return std::nullopt;
  auto found = tables_.find(op.id);
  if (found && found->row.version == op.version && found->row.lane == op.lane) return found;
  why.failure =
      error{errc::stale,
            "job " + std::to_string(op.id) + " is not at version " + std::to_string(op.version) + " in lane " + op.lane,
            {}};
  return std::nullopt;
}

/// The answer if the key is known: it takes no room, so it comes before every reason to refuse new work.
std::optional<answer> engine::repeat_of(const submit& op) {
  if (!op.spec.idempotency_key) return std::nullopt;
  const auto first = tables_.find_key(op.spec.job_class, *op.spec.idempotency_key);
  if (!first) return std::nullopt;
  if (tables_.input(*first) != op.spec.input)
    return refused(0, errc::key_conflict,
                   "idempotency key was used by job " + std::to_string(*first) + " with another input",
                   *op.spec.idempotency_key);
  auto reply = done(*first);
  reply.duplicate = true;
  return reply;
}

answer engine::on(const submit& op) {
  if (auto repeat = repeat_of(op)) return *std::move(repeat);
  if (op.only_if_known) return refused(0, *op.only_if_known);
  if (!allowed_.submits) return no_space(0, "submissions");
  auto row = new_row(op, numbers_.next_job(), now_);
  const auto head = head_of(row);
  const stored_job added{apply_submit(std::move(row), end_of_line(head), now_), op.spec.input.size()};
  journal_.created(added, op.spec.input);
  journal_.tell("submitted", added.row, behind(head));
  return done(added.row.id);
}

answer engine::on(const lease& op) {
  if (!allowed_.leases) return no_space(op.id, "starts");
  answer reply;
  const auto before = match(op, reply);
  if (!before) return reply;
  auto leased = apply_lease(before->row, {numbers_.next_fence(), op.node, op.length});
  if (!leased) return refused(op.id, std::move(leased).error());
  numbers_.last_fence = leased->fence;
  const stored_job after{std::move(*leased), before->bytes};
  journal_.changed(*before, after);
  attempt started;
  started.job = op.id;
  started.number = after.row.attempt;
  started.fence = after.row.fence;
  started.node = op.node;
  started.worker = op.worker;
  started.lane = op.lane;
  started.leased_at = now_;
  tables_.insert_attempt(started);
  forget_attempts(after.row);
  journal_.tell("leased", after.row);
  reply.input = tables_.input(op.id);
  reply.row = after.row;
  return reply;
}

/// One that is tried again and again must not grow.
void engine::forget_attempts(const job& row) {
  if (row.attempt <= limits::attempts_kept) return;
  const auto last = row.attempt - limits::attempts_kept;
  tables_.erase_attempts(row.id, last);
  journal_.result().old_attempts.emplace_back(row.id, last);
}

answer engine::on(const move& op) {
  answer reply;
  const auto before = match(op, reply);
  if (!before) return reply;
  auto moved = apply_move(before->row, op.to_lane, op.overflow);
  if (!moved) return refused(op.id, std::move(moved).error());
  const stored_job after{std::move(*moved), before->bytes};
  journal_.changed(*before, after);
  journal_.tell("moved", after.row, (op.overflow ? "taken by an idle slot, from " : "handed back, from ") + op.lane);
  return reply;
}

answer engine::on(const due& op) {
  answer reply;
  const auto before = match(op, reply);
  if (!before) return reply;
  auto ready = apply_due(before->row, now_);
  if (!ready) return refused(op.id, std::move(ready).error());
  journal_.changed(*before, {std::move(*ready), before->bytes});
  return reply;
}

answer engine::on(const cancel& op) {
  const auto before = tables_.find(op.id);
  if (!before) return refused(op.id, no_job(op.id).value());
  const bool is_asked = !is_final(before->row.state) && before->row.cancel_requested;
  if (is_asked || before->row.state == job_state::cancelled) return done(op.id);
  auto cancelled = apply_cancel(before->row, op.reason, now_);
  if (!cancelled) return refused(op.id, std::move(cancelled).error());
  const stored_job after{std::move(*cancelled), before->bytes};
  journal_.changed(*before, after);
  journal_.tell(is_final(after.row.state) ? "cancelled" : "cancel_requested", after.row, op.reason);
  return done(op.id);
}

answer engine::on(const kick& op) {
  const auto before = tables_.find(op.id);
  if (!before) return refused(op.id, no_job(op.id).value());
  if (has_all_attempts(before->row)) return done(op.id);
  const auto head = head_of(before->row);
  auto kicked = apply_kick(before->row, end_of_line(head), now_);
  if (!kicked) return refused(op.id, std::move(kicked).error());
  if (!numbers_.knows(kicked->lane)) {
    if (!numbers_.knows(op.else_lane))
      return refused(op.id, errc::unknown_lane, "its lane " + kicked->lane + " is no longer configured");
    kicked->lane = op.else_lane;
  }
  if (!kicked->ordering_key.empty()) kicked->key_order = numbers_.next_job();
  const stored_job after{std::move(*kicked), before->bytes};
  journal_.changed(*before, after);
  journal_.tell("kicked", after.row, "was buried: " + before->row.reason + (head.first ? "; " : "") + behind(head));
  return done(op.id);
}

answer engine::on(const extend& op) {
  const auto before = tables_.find(op.id);
  if (!before || before->row.state != job_state::running || before->row.fence != op.fence)
    return refused(op.id, errc::stale,
                   "job " + std::to_string(op.id) + " does not run under fence " + std::to_string(op.fence));
  if (before->row.lease >= op.length) return done(op.id);
  auto extended = apply_extend(before->row, op.length);
  if (!extended) return refused(op.id, std::move(extended).error());
  journal_.changed(*before, {std::move(*extended), before->bytes});
  return done(op.id);
}

answer engine::on(const lane_died& op) {
  const auto before = op.id == 0 ? std::nullopt : tables_.find(op.id);
  event what;
  what.kind = "lane_died";
  what.lane = op.lane;
  what.job = op.id;
  if (before) what.job_class = before->row.job_class;
  what.text = op.what;
  journal_.tell(std::move(what));
  if (!before || is_final(before->row.state)) return done(op.id);
  auto counted = apply_lane_death(before->row, now_);
  if (!counted) return refused(op.id, std::move(counted).error());
  const stored_job after{std::move(*counted), before->bytes};
  journal_.changed(*before, after);
  if (after.row.state == job_state::buried) {
    if (before->row.state == job_state::running) give_up_attempt(before->row);
    journal_.tell("buried", after.row, after.row.reason);
  }
  return done(op.id);
}

/// What it still reports is stale from now on.
void engine::give_up_attempt(const job& running) {
  attempt_end how;
  how.how = outcome::lost;
  how.reason = "its lane's actor died while handling it";
  tables_.close_attempt({running.id, running.attempt, outcome::lost, outcome::lost, now_, &how});
}

answer engine::on(const open_lane& op) {
  journal_.opened(op.lane);
  answer reply;
  const auto& record = numbers_.lanes[op.lane];
  reply.epoch = record.epoch;
  reply.pause = record.pause;
  return reply;
}

answer engine::on(const note& op) {
  event what;
  what.kind = op.kind;
  what.lane = op.lane;
  what.node = op.node;
  what.job = op.id;
  what.text = op.text;
  journal_.tell(std::move(what));
  return done(op.id);
}

} // namespace fabric::store
