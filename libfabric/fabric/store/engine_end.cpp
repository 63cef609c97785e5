#include "fabric/mutation.hpp"
#include "fabric/store/engine.hpp"

#include <string_view>
#include <utility>

/// The end of an attempt, the operation with the most cases.
namespace fabric::store {

namespace {

/// What the attempt counts as: a demotion with no way out is a timeout, and a cancel that was asked for wins over all
/// but success (apply_end).
outcome counted_as(const end& op, const job& after) {
  if (after.state == job_state::cancelled) return outcome::cancelled;
  if (op.how.how == outcome::demoted && op.decision.move_to.empty()) return outcome::timed_out;
  return op.how.how;
}

std::string kind_of(const job& after, outcome counted) {
  switch (after.state) {
  case job_state::succeeded:
  case job_state::buried:
  case job_state::cancelled: return std::string(to_string(after.state));
  case job_state::ready: return std::string(to_string(counted)); // demoted, lost, drained, checkpointed
  default: return "retried";
  }
}

/// Of the event: the job's reason for what needs one, else the node's words.
std::string text_of(const job& after, const attempt_end& how) {
  if (after.state == job_state::succeeded) return {};
  return how.reason.empty() ? after.reason : how.reason;
}

/// A report may be long, and a node that does not stop sending it may fill the log: its beginning says enough.
constexpr std::size_t event_text_max = 400;

std::string shortened(std::string text) {
  if (text.size() <= event_text_max) return text;
  auto cut = event_text_max;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut; // Not inside a character.
  return text.substr(0, cut) + "…";
}

} // namespace

answer engine::on(const end& op) {
  answer reply;
  reply.id = op.id;
  if (epoch_is_old(op.lane, op.epoch, reply)) return reply;
  const auto before = tables_.find(op.id);
  const bool is_its = before && before->row.fence == op.fence && (op.node.empty() || before->row.node == op.node);
  const bool believed = is_its || (before && mutation("no-fence-check"));
  if (!believed || before->row.state != job_state::running) return repeat_or_stale(op, before ? &*before : nullptr);
  if (op.given_up && before->row.lane != op.lane) {
    reply.failure = error{errc::stale, "job " + std::to_string(op.id) + " was carried from lane " + op.lane, "lane"};
    return reply;
  }
  const bool demotes = op.how.how == outcome::demoted;
  auto ended = apply_end(before->row, op.how, op.decision, demotes ? numbers_.last_demotion + 1 : 0, now_);
  if (!ended) {
    reply.failure = std::move(ended).error();
    return reply;
  }
  stored_job after{std::move(*ended), before->bytes};
  if (after.row.demoted_order > numbers_.last_demotion) numbers_.last_demotion = after.row.demoted_order;
  close(op, *before, after);
  return reply;
}

void engine::close(const end& op, const stored_job& before, const stored_job& written) {
  auto after = written;
  const std::string_view result = op.how.result ? std::string_view(*op.how.result) : "null";
  if (after.row.state == job_state::succeeded) after.bytes += result.size();
  journal_.changed(before, after);
  const auto counted = counted_as(op, after.row);
  if (const auto lost = wasted_by_end(before.row, after.row); lost > duration{0})
    numbers_.wasted.add({before.row.lane, before.row.job_class, before.row.node}, lost);
  tables_.close_attempt({op.id, before.row.attempt, counted, op.how.how, now_, &op.how});
  if (after.row.state == job_state::succeeded) tables_.put_result(op.id, result, now_);
  auto shown = after.row; // the event names the lane and node that the attempt ran on
  shown.lane = before.row.lane;
  shown.node = before.row.node;
  journal_.tell(kind_of(after.row, counted), shown, text_of(after.row, op.how));
}

answer engine::repeat_or_stale(const end& op, const stored_job* found) {
  answer reply;
  reply.id = op.id;
  const auto fate = found ? tables_.find_attempt(op.id, op.fence) : std::nullopt;
  if (found && found->row.fence == op.fence) note_gone(*found);
  if (fate && fate->reported == op.how.how) return reply;
  ++numbers_.stale_ends;
  event what;
  what.kind = "stale_end";
  what.job = op.id;
  what.lane = op.lane;
  if (found) what.job_class = found->row.job_class;
  if (fate) what.attempt = fate->number;
  what.text = "refused " + std::string(to_string(op.how.how)) + " under fence " + std::to_string(op.fence);
  if (!op.how.reason.empty()) what.text += ": " + op.how.reason;
  if (!op.how.report.empty()) what.text += " " + op.how.report;
  what.text = shortened(std::move(what.text));
  journal_.tell(std::move(what));
  reply.failure = error{
      errc::stale, "fence " + std::to_string(op.fence) + " of job " + std::to_string(op.id) + " is not the running one",
      "fence"};
  return reply;
}

/// The attempt that a job left behind when it was buried is over.
void engine::note_gone(const stored_job& found) {
  auto gone = apply_gone(found.row);
  if (gone) journal_.changed(found, {std::move(*gone), found.bytes});
}

} // namespace fabric::store
