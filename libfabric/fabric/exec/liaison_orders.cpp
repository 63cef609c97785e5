#include "fabric/config/classes.hpp"
#include "fabric/exec/liaison.hpp"
#include "fabric/node/command.hpp"

#include <algorithm>

/// What the workers want of the runner.
namespace fabric::exec {

void liaison::on(const worker_joined& e) {
  lanes_.insert(e.lane);
  out_.emplace_back(tell_worker{e.lane, node::classes_changed{classes_}});
  if (memory_.state().low) out_.emplace_back(tell_worker{e.lane, node::memory_read{memory_.state()}});
  if (ready_) tell_all(e.lane);
}

void liaison::on(worker_ordered& e) {
  if (auto* r = std::get_if<node::run_attempt>(&e.order)) {
    run(*r);
  } else if (const auto* s = std::get_if<node::stop_attempt>(&e.order)) {
    out_.emplace_back(send_frame{stop{s->order.fence, s->order.why, s->order.grace.count()}});
  } else if (const auto* f = std::get_if<node::forget_attempt>(&e.order)) {
    ended_.erase(f->fence);
    out_.emplace_back(send_frame{forget{f->fence}});
  } else if (const auto* t = std::get_if<node::fetch_attempt>(&e.order)) {
    fetch(e.lane, t->order);
  }
}

/// An attempt that was carried goes from one worker to another. The runner is told, so that it says so after the next
/// reconnection; should that get lost, the lane that has the attempt asks again.
void liaison::fetch(const std::string& lane, const take_order& order) {
  const auto fence = order.fence;
  if (!ready_ || leaked_.contains(fence)) return; // A leaked one is not renewed: its lease is about to end.
  const auto move = [&](std::string& from) {
    if (from == lane) return;
    out_.emplace_back(tell_worker{from, node::runner_took{fence}});
    out_.emplace_back(send_frame{relane{fence, lane}});
    from = lane;
  };
  if (const auto found = held_.find(fence); found != held_.end()) {
    auto& h = found->second;
    if (order.version < h.taken) return; // From a lane that has not heard yet that it was carried on.
    h.taken = order.version;
    move(h.what.lane);
    auto what = h.what;
    what.ran = at_.now - h.started;
    out_.emplace_back(tell_worker{lane, node::runner_gave{std::move(what)}});
  } else if (const auto ended = ended_.find(fence); ended != ended_.end()) {
    move(ended->second.lane);
    out_.emplace_back(tell_worker{lane, node::runner_ended{ended->second}});
  } else {
    out_.emplace_back(tell_worker{lane, node::runner_lacks{fence}});
  }
}

void liaison::run(node::run_attempt& e) {
  const auto& order = e.order;
  const auto refuse = [&](std::string why) {
    out_.emplace_back(tell_worker{order.lane, node::runner_refused{order.fence, std::move(why)}});
  };
  if (!ready_) return refuse("the node's runner is away");
  const auto* job_class = config::find_class(how_.config, order.job_class);
  if (job_class == nullptr) return fail_to_run(order, "this node has no such class");
  // It was there when the lane decided. That it is gone is no fault of the job.
  if (!can_run(order.job_class)) return refuse("the class cannot run on this node now");
  auto command = node::render(*job_class, order.job_class, order.input, how_.environment);
  if (!command) return fail_to_run(order, render(command.error()));
  held_[order.fence] = {.what = {order.fence, order.job, order.attempt, duration{0}, order.lane}, .started = at_.now};
  out_.emplace_back(send_frame{to_frame(e, std::move(*command))});
}

/// The input does not fit the class as this node has it: the job's own failure, of an attempt that never ran.
void liaison::fail_to_run(const start_order& order, std::string why) {
  attempt_ended ended;
  ended.fence = order.fence;
  ended.job = order.job;
  ended.attempt = order.attempt;
  ended.lane = order.lane;
  ended.end.how = outcome::failed;
  ended.end.reason = "the command cannot be built: " + why;
  ended_[ended.fence] = ended;
  out_.emplace_back(tell_worker{order.lane, node::runner_ended{std::move(ended)}});
}

exec::run liaison::to_frame(node::run_attempt& e, node::command_line command) const {
  const auto& lanes = how_.config.lanes;
  const auto lane = std::find_if(lanes.begin(), lanes.end(), [&](const auto& l) { return l.name == e.order.lane; });
  exec::run frame;
  frame.fence = e.order.fence;
  frame.job = e.order.job;
  frame.attempt = e.order.attempt;
  frame.grace_us = (lane == lanes.end() ? config::lane{}.grace : lane->grace).count();
  frame.job_class = std::move(e.order.job_class);
  frame.lane = std::move(e.order.lane);
  frame.node_name = how_.node;
  frame.argv = std::move(command.argv);
  frame.env = std::move(command.env);
  frame.cwd = std::move(command.cwd);
  frame.user = std::move(command.user);
  frame.input = std::move(e.order.input);
  frame.deadline_us = boot_micros(e.deadline);
  frame.wall_us = command.wall.count();
  frame.output_max = command.output_max;
  frame.limits = command.limits;
  frame.stall_us = command.stall.count();
  return frame;
}

} // namespace fabric::exec
