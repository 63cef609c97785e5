#include "fabric/sim/lane_world.hpp"

#include <algorithm>
#include <utility>

namespace fabric::sim {

namespace {

constexpr duration silence = std::chrono::seconds{10};

outcome stopped_as(stop_reason why) {
  switch (why) {
  case stop_reason::budget: return outcome::demoted;
  case stop_reason::cancel: return outcome::cancelled;
  case stop_reason::drain: return outcome::drained;
  case stop_reason::wall: return outcome::timed_out;
  default: return outcome::lost;
  }
}

} // namespace

void lane_world::boot(node_seat& node) {
  node.up = true;
  ++node.boot;
  node.workers.clear();
  for (const auto& [lane, slots] : node.how.slots) {
    auto& w = node.workers[lane];
    w.lane = lane;
    node::worker_settings how;
    how.node = node.how.name;
    how.name = lane + "@" + node.how.name;
    how.lane = lane;
    how.boot = node.boot;
    how.slots = slots;
    how.classes = node.how.classes;
    w.machine = std::make_unique<node::worker>(how);
    tell_worker(node.how.name, lane, node::runner_up{});
  }
}

void lane_world::crash_node(const std::string& name, duration downtime) {
  auto& node = nodes_.at(name);
  if (!node.up) return;
  node.up = false;
  const auto boot_was = node.boot;
  for (auto& [lane, w] : node.workers) {
    for (const auto& [fence, p] : w.processes) {
      if (runs_[p.run].how != outcome::none) continue;
      runs_[p.run].end = now();
      runs_[p.run].how = outcome::lost;
    }
    w.processes.clear();
  }
  agenda_.at(now() + downtime, [this, name] { boot(nodes_.at(name)); });
  agenda_.at(now() + silence, [this, name, boot_was] {
    for (auto& [lane, seat] : lanes_) tell_lane(lane, lane::node_gone{name, boot_was});
  });
  agenda_.at(now() + options_.lanes.front().lease + std::chrono::seconds{1},
             [this, name, boot_was] { leases_end(name, boot_was); });
}

/// Nobody has renewed the leases of what died with an earlier life of the node.
void lane_world::leases_end(const std::string& name, std::uint64_t boot_was) {
  auto& node = nodes_.at(name);
  const auto watched = leases_;
  for (const auto& [fence, where] : watched) {
    if (where.second != name) continue;
    const auto w = node.workers.find(where.first);
    const bool lives = node.up && node.boot != boot_was && holder(node, fence) != nullptr;
    // A lease younger than this life is on its way or running.
    const bool is_new = node.boot != boot_was && w != node.workers.end() && !lives;
    if (!lives && !is_new) tell_lane(where.first, lane::lease_over{fence});
  }
}

void lane_world::tell_worker(const std::string& node, const std::string& lane, const node::worker_event& what) {
  auto& n = nodes_.at(node);
  auto& w = n.workers.at(lane);
  perform(n, w, w.machine->handle(what, now()));
  arm(n, w);
}

void lane_world::perform(node_seat& node, worker_seat& w, const node::worker_effects& todo) {
  const auto& name = node.how.name;
  const auto say = [&](lane::event what) {
    send(name, w.lane, [this, lane = w.lane, what = std::move(what)] { tell_lane(lane, what); });
  };
  for (const auto& effect : todo) {
    if (const auto* e = std::get_if<node::tell_want>(&effect)) {
      send(name, w.lane, [this, node = name, lane = w.lane, what = e->what] {
        auto& w_now = nodes_.at(node).workers.at(lane);
        if (std::exchange(w_now.heard, std::max(w_now.heard, what.seq)) < what.seq) w_now.refused.clear();
        tell_lane(lane, lane::wanted{what});
      });
    }
    if (const auto* e = std::get_if<node::tell_started>(&effect)) say(lane::started{e->what, name});
    if (const auto* e = std::get_if<node::tell_refused>(&effect)) {
      // Which class it was matters to the check only, which then looks away from this worker until its next want.
      send(name, w.lane, [this, node = name, lane = w.lane, what = e->what] {
        const auto& classes = nodes_.at(node).how.classes;
        nodes_.at(node).workers.at(lane).refused.insert(classes.begin(), classes.end());
        tell_lane(lane, lane::refused{what, node});
      });
    }
    if (const auto* e = std::get_if<node::tell_ended>(&effect)) say(lane::ended{e->what, name});
    if (const auto* e = std::get_if<node::tell_absent>(&effect)) say(lane::absent{e->what, name});
    if (const auto* e = std::get_if<node::fetch_attempt>(&effect)) fetch(node, w, e->order);
    if (const auto* e = std::get_if<node::run_attempt>(&effect)) run_process(node, w, e->order);
    if (const auto* e = std::get_if<node::bring_checkpoint>(&effect)) settle_checkpoint(node, w, e->what);
    if (const auto* e = std::get_if<node::stop_attempt>(&effect)) stop_process(node, e->order);
    if (const auto* e = std::get_if<node::forget_attempt>(&effect)) forget_process(node, e->fence);
  }
}

void lane_world::run_process(node_seat& node, worker_seat& w, const start_order& order) {
  check_process(node, w, order);
  const auto how = jobs_(order.job, order.attempt);
  w.processes[order.fence] = {runs_.size(), node.boot, stop_reason::none, how.saves, 0, {}};
  runs_.push_back({order.job, order.fence, w.lane, node.how.name, now(), {}, outcome::none});
  agenda_.at(now() + how.size,
             [this, n = node.how.name, b = node.boot, f = order.fence, end = how.how] { exit_process(n, b, f, end); });
  agenda_.at(now(), [this, n = node.how.name, l = w.lane, b = node.boot, f = order.fence, at = now()] {
    if (nodes_.at(n).up && nodes_.at(n).boot == b) tell_worker(n, l, node::runner_started{f, at});
  });
}

/// It takes a moment, and where messages are lost it may fail.
void lane_world::settle_checkpoint(node_seat& node, worker_seat& w, const node::transfer_order& what) {
  const bool ok = options_.trouble.loss == 0 || draw() >= options_.trouble.loss;
  const auto takes = std::chrono::milliseconds{static_cast<int>(draw() * 200)};
  agenda_.at(now() + takes, [this, n = node.how.name, l = w.lane, b = node.boot, f = what.fence, ok] {
    if (nodes_.at(n).up && nodes_.at(n).boot == b) tell_worker(n, l, node::checkpoint_settled{f, ok});
  });
}

/// The process does no more work after the soft signal, and is gone when the grace is over.
void lane_world::stop_process(node_seat& node, const stop_order& order) {
  auto* const w = holder(node, order.fence);
  if (w == nullptr) return;
  const auto it = w->processes.find(order.fence);
  if (it->second.stopping != stop_reason::none) return;
  it->second.stopping = order.why;
  runs_[it->second.run].end = now();
  agenda_.at(now() + order.grace, [this, n = node.how.name, b = node.boot, f = order.fence,
                                   how = stopped_as(order.why)] { exit_process(n, b, f, how); });
}

/// The worker that answers for a process, as the node's runner knows it; nullptr: none.
lane_world::worker_seat* lane_world::holder(node_seat& node, fence_t fence) {
  for (auto& [lane, w] : node.workers)
    if (w.processes.contains(fence)) return &w;
  return nullptr;
}

void lane_world::forget_process(node_seat& node, fence_t fence) {
  auto* const w = holder(node, fence);
  if (w != nullptr && runs_[w->processes.at(fence).run].how != outcome::none) w->processes.erase(fence);
}

/// What the node's runner link does: whoever held it, now this worker does.
void lane_world::fetch(node_seat& node, worker_seat& to, const take_order& order) {
  const auto fence = order.fence;
  const auto& name = node.how.name;
  const auto tell = [&](const std::string& lane, node::worker_event what) {
    agenda_.at(now(), [this, name, lane, boot = node.boot, what = std::move(what)] {
      if (nodes_.at(name).up && nodes_.at(name).boot == boot) tell_worker(name, lane, what);
    });
  };
  auto* const from = holder(node, fence);
  if (from == nullptr) return tell(to.lane, node::runner_lacks{fence});
  if (auto& p = from->processes.at(fence); !p.end) {
    if (order.version < p.taken) return; // A lane that has not heard yet that it was carried on.
    p.taken = order.version;
  }
  if (from != &to) {
    to.processes[fence] = from->processes.at(fence);
    from->processes.erase(fence);
    tell(from->lane, node::runner_took{fence});
    ++runs_[to.processes.at(fence).run].carried;
    check_slots(node, to.lane, 0);
  }
  const auto& p = to.processes.at(fence);
  const auto& r = runs_[p.run];
  if (p.end) return tell(to.lane, node::runner_ended{*p.end});
  tell(to.lane, node::runner_gave{{fence, r.job, 1, now() - r.begin, to.lane}});
}

void lane_world::exit_process(const std::string& name, std::uint64_t boot_was, fence_t fence, outcome how) {
  auto& node = nodes_.at(name);
  if (!node.up || node.boot != boot_was) return;
  auto* const w = holder(node, fence);
  if (w == nullptr) return;
  const auto it = w->processes.find(fence);
  if (runs_[it->second.run].how != outcome::none) return;
  if (it->second.stopping != stop_reason::none && how != stopped_as(it->second.stopping)) return;
  auto& r = runs_[it->second.run];
  if (it->second.stopping == stop_reason::none) r.end = now();
  r.how = how;
  attempt_ended what;
  what.fence = fence;
  what.job = r.job;
  what.stopped = it->second.stopping;
  what.end.how = how;
  what.end.started = true;
  what.end.started_at = r.begin;
  what.end.run_time = now() - r.begin;
  what.end.saved = it->second.stopping != stop_reason::none && it->second.saves;
  if (how != outcome::succeeded) what.end.reason = "simulated";
  it->second.end = what;
  tell_worker(name, w->lane, node::runner_ended{what});
}

void lane_world::arm(node_seat& node, worker_seat& w) {
  const auto due = w.machine->wake_at();
  if (!due || (w.armed && *w.armed <= *due && *w.armed > now())) return;
  w.armed = std::max(*due, now());
  agenda_.at(*due, [this, n = node.how.name, l = w.lane, b = node.boot] {
    auto& at = nodes_.at(n);
    if (!at.up || at.boot != b) return;
    at.workers.at(l).armed.reset();
    tell_worker(n, l, node::worker_tick{});
  });
}

/// No two live processes of one job; never more than the worker's slots. (Where messages are lost the latter is not
/// looked at: a stop for an attempt that the lane knows to be over may be lost, and is said again with the next want.)
void lane_world::check_process(const node_seat& node, const worker_seat& w, const start_order& order) {
  const auto is_live = [&](const auto& item) { return runs_[item.second.run].how == outcome::none; };
  for (const auto& [name, n] : nodes_)
    for (const auto& [lane, other] : n.workers)
      for (const auto& item : other.processes)
        if (is_live(item) && runs_[item.second.run].job == order.job)
          violated("job " + std::to_string(order.job) + " runs twice, fences " + std::to_string(item.first) + " and " +
                   std::to_string(order.fence));
  check_slots(node, w.lane, 1);
  check_key(order.job);
}

/// Of an ordering key one process runs at a time, and none before all earlier jobs of the key have ended. What has lost
/// its lease may be too late to know: its node stops it, and its end is refused.
void lane_world::check_key(job_id id) {
  const auto own = store_.find(id);
  if (!own || own->ordering_key.empty() || own->state != job_state::running) return;
  for (const auto& r : runs_) {
    if (r.how != outcome::none || r.job == id) continue;
    const auto other = store_.find(r.job);
    if (other && other->ordering_key == own->ordering_key && leases_.contains(r.fence) && r.end == time_point{})
      violated("job " + std::to_string(id) + " starts while " + std::to_string(r.job) + " of its key runs");
  }
  const auto rows = store_.list({.limit = 1000});
  for (const auto& other : *rows)
    if (other.ordering_key == own->ordering_key && !is_final(other.state) && other.key_order < own->key_order)
      violated("job " + std::to_string(id) + " starts before " + std::to_string(other.id) + " of its key has ended");
}

/// A carried process takes a slot of the lane that the store names, whichever worker answers for it still.
void lane_world::check_slots(const node_seat& node, const std::string& lane, std::uint32_t more) {
  if (options_.trouble.loss > 0) return;
  std::uint32_t live = more;
  for (const auto& [name, w] : node.workers)
    for (const auto& [fence, p] : w.processes) {
      if (runs_[p.run].how != outcome::none) continue;
      const auto row = store_.find(runs_[p.run].job);
      const bool runs = row && row->state == job_state::running && row->fence == fence;
      if ((runs ? row->lane : name) == lane) ++live;
    }
  if (live > node.how.slots.at(lane)) violated("more runs in " + lane + "@" + node.how.name + " than it has slots");
}

} // namespace fabric::sim
