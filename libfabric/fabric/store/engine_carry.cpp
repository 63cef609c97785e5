#include "fabric/duration_text.hpp"
#include "fabric/store/engine.hpp"
#include "fabric/store/job_store.hpp"

#include <utility>

/// Operations about running attempts that change lanes, and about what jobs have saved.
namespace fabric::store {

namespace {

answer refused(job_id id, errc code, std::string message) {
  answer reply;
  reply.id = id;
  reply.failure = error{code, std::move(message), {}};
  return reply;
}

answer runs(const job& row) {
  answer reply;
  reply.id = row.id;
  reply.row = row;
  return reply;
}

bool runs_under(const std::optional<stored_job>& found, fence_t fence) {
  return found && found->row.state == job_state::running && found->row.fence == fence;
}

answer other_fence(job_id id, fence_t fence) {
  return refused(id, errc::stale, "job " + std::to_string(id) + " does not run under fence " + std::to_string(fence));
}

} // namespace

answer engine::on(const carry& op) {
  answer reply;
  reply.id = op.id;
  if (epoch_is_old(op.lane, op.epoch, reply)) return reply;
  const auto before = tables_.find(op.id);
  if (!runs_under(before, op.fence)) return other_fence(op.id, op.fence);
  if (before->row.lane == op.lane) return runs(before->row);
  if (before->row.lane != op.from)
    return refused(op.id, errc::stale, "job " + std::to_string(op.id) + " is not in lane " + op.from + " any more");
  auto carried = apply_carry(before->row, {op.lane, op.ran, op.lane_count}, numbers_.last_demotion + 1);
  if (!carried) return refused(op.id, carried.error().code, carried.error().message);
  ++numbers_.last_demotion;
  const stored_job after{std::move(*carried), before->bytes};
  journal_.changed(*before, after);
  tables_.carry_attempt(op.id, after.row.attempt, op.lane, op.worker);
  journal_.tell("carried", after.row, "from " + op.from + ", goes on running after " + format_duration(op.ran));
  return runs(after.row);
}

answer engine::on(const look& op) {
  const auto found = tables_.find(op.id);
  return runs_under(found, op.fence) ? runs(found->row) : other_fence(op.id, op.fence);
}

answer engine::on(const reset& op) {
  const auto found = tables_.find(op.id);
  if (!found) return refused(op.id, errc::not_found, no_job(op.id).value().message);
  const auto& row = found->row;
  if (!row.node.empty())
    return refused(op.id, errc::wrong_state,
                   "attempt " + std::to_string(row.attempt) + " of job " + std::to_string(op.id) +
                       (row.state == job_state::running ? " runs" : " may still run") + " on node " + row.node +
                       ": cancel it, or wait for its end, before its checkpoint is thrown away");
  if (!row.kept_on.empty()) journal_.changed(*found, {apply_reset(row), found->bytes});
  journal_.tell("reset", row, "its checkpoint is thrown away");
  journal_.result().resets.push_back(op.id);
  answer reply;
  reply.id = op.id;
  return reply;
}

answer engine::on(const start_over& op) {
  const auto found = tables_.find(op.id);
  if (!runs_under(found, op.fence)) return other_fence(op.id, op.fence);
  answer reply;
  reply.id = op.id;
  if (found->row.kept_on.empty()) return reply; // A repeat.
  const stored_job after{apply_start_over(found->row).value(), found->bytes};
  journal_.changed(*found, after);
  if (const auto lost = wasted_by_end(found->row, after.row); lost > duration{0})
    numbers_.wasted.add({found->row.lane, found->row.job_class, found->row.node}, lost);
  journal_.tell("started_over", after.row, op.why);
  return reply;
}

} // namespace fabric::store
