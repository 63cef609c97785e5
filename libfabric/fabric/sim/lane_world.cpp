#include "fabric/sim/lane_world.hpp"

#include "fabric/invariant.hpp"
#include "fabric/job/limits.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace fabric::sim {

namespace {

const std::string store_end = "#store";

} // namespace

lane_world::lane_world(world_options options, behaviour jobs)
    : options_(std::move(options)), jobs_(std::move(jobs)), start_(agenda_.now()), random_(options_.seed) {
  for (const auto& how : options_.lanes) {
    auto& seat = lanes_[how.name];
    seat.how = how;
    open_lane(seat);
  }
  for (const auto& how : options_.nodes) {
    auto& node = nodes_[how.name];
    node.how = how;
    boot(node);
  }
}

lane_world::~lane_world() = default;

double lane_world::draw() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

/// Delivers in order per link; with faults later, never, or twice.
void lane_world::send(const std::string& from, const std::string& to, agenda::action deliver) {
  const auto& trouble = options_.trouble;
  auto& arrives = links_[{from, to}];
  arrives = std::max(arrives, now());
  if (now() >= trouble.until) return agenda_.at(arrives, std::move(deliver));
  if (draw() < trouble.loss) return;
  const duration delay{static_cast<duration::rep>(draw() * static_cast<double>(trouble.max_delay.count()))};
  arrives = std::max(arrives, now() + delay);
  if (draw() < trouble.repeat) agenda_.at(arrives, deliver);
  agenda_.at(arrives, std::move(deliver));
}

job_id lane_world::submit(job_spec spec, std::uint32_t max_attempts) {
  const auto lane =
      spec.lane ? *spec.lane : options_.policy->place({0, spec.job_class, {}, spec.priority, 0, false, {}}, {}, draw());
  const auto reply = commit_with(store::submit{std::move(spec), lane, max_attempts});
  invariant(!reply.failure);
  return reply.id;
}

void lane_world::cancel(job_id id) { commit_with(store::cancel{id, "asked"}); }

void lane_world::kick(job_id id) { commit_with(store::kick{id, {}}); }

void lane_world::restart_lane(const std::string& name) {
  auto& seat = lanes_.at(name);
  open_lane(seat);
  for (auto& [node, n] : nodes_)
    if (n.up && n.workers.contains(name)) tell_worker(node, name, node::lane_up{});
}

void lane_world::reconfigure(const std::function<void(lane::settings&)>& change,
                             std::shared_ptr<policy::lane_policy> policy) {
  options_.policy = std::move(policy);
  for (auto& [name, seat] : lanes_) {
    change(seat.how);
    tell_lane(name, lane::reconfigured{seat.how, options_.policy});
  }
}

void lane_world::open_lane(lane_seat& seat) {
  seat.machine = std::make_unique<lane::machine>(seat.how, options_.policy, random_());
  ++seat.life;
  seat.known.clear();
  seat.asked.clear();
  tell_lane(seat.how.name, lane::open{});
}

bool lane_world::run_until_done(time_point limit) {
  while (store_.live_jobs() > 0)
    if (!agenda_.step(limit)) return false;
  return true;
}

void lane_world::run_until(time_point limit) {
  agenda_.at(limit, [] {});
  while (agenda_.step(limit)) {
  }
}

void lane_world::tell_lane(const std::string& name, const lane::event& what) {
  auto& seat = lanes_.at(name);
  perform(seat, seat.machine->handle(what, now()));
  arm(seat);
}

void lane_world::perform(lane_seat& seat, const lane::effects& todo) {
  asks all;
  for (const auto& effect : todo) {
    if (const auto* ask = std::get_if<lane::ask_store>(&effect)) all.push_back(*ask);
    if (const auto* e = std::get_if<lane::load_page>(&effect)) perform(seat, *e);
    if (const auto* e = std::get_if<lane::tell_start>(&effect)) to_worker(seat, e->node, node::lane_start{e->order});
    if (const auto* e = std::get_if<lane::tell_stop>(&effect)) to_worker(seat, e->node, node::lane_stop{e->order});
    if (const auto* e = std::get_if<lane::tell_forget>(&effect)) to_worker(seat, e->node, node::lane_forget{e->fence});
    if (const auto* e = std::get_if<lane::lease_began>(&effect)) leases_[e->fence] = {seat.how.name, e->node};
    if (const auto* e = std::get_if<lane::lease_closed>(&effect)) close_lease(seat, e->fence);
    if (const auto* e = std::get_if<lane::ask_carry>(&effect)) perform(seat, *e);
    if (const auto* e = std::get_if<lane::refuse_carry>(&effect))
      send(seat.how.name, e->to, [this, to = e->to, fence = e->fence] { tell_lane(to, lane::carry_refused{fence}); });
    if (const auto* e = std::get_if<lane::tell_take>(&effect)) to_worker(seat, e->node, node::lane_take{e->order});
    if (const auto* e = std::get_if<lane::offer>(&effect)) perform(seat, *e);
    if (const auto* e = std::get_if<lane::alarm>(&effect)) check_alarm(*e);
  }
  if (!all.empty()) ask_store(seat, all);
}

void lane_world::perform(lane_seat& seat, const lane::load_page& e) {
  const auto name = seat.how.name;
  send(name, store_end, [this, name, life = seat.life, e] {
    auto rows = store_.load_lane(name, e.after, e.limit);
    invariant(rows.has_value());
    send(store_end, name, [this, name, life, e, page = *rows] {
      auto& to = lanes_.at(name);
      if (to.life != life) return;
      for (const auto& entry : page.entries) to.known[entry.id] = entry;
      tell_lane(name, lane::page{page, e.after});
    });
  });
}

void lane_world::perform(lane_seat& seat, const lane::offer& e) {
  const lane::offered what{seat.how.name, e.seq, e.slots, e.received, e.classes};
  send(seat.how.name, e.to, [this, to = e.to, what] { tell_lane(to, what); });
}

void lane_world::perform(lane_seat& seat, const lane::ask_carry& e) {
  const lane::carry_asked what{seat.how.name, e.fence, e.id, e.node, e.ran};
  send(seat.how.name, e.to, [this, to = e.to, what] { tell_lane(to, what); });
}

/// As membership: what a lane says of an attempt that was carried away from it changes nothing.
void lane_world::close_lease(const lane_seat& seat, fence_t fence) {
  const auto known = leases_.find(fence);
  if (known != leases_.end() && known->second.first == seat.how.name) leases_.erase(known);
}

void lane_world::to_worker(lane_seat& seat, const std::string& node, node::worker_event what) {
  send(seat.how.name, node, [this, node, lane = seat.how.name, boot = nodes_.at(node).boot, what = std::move(what)] {
    if (nodes_.at(node).up && nodes_.at(node).boot == boot) tell_worker(node, lane, what);
  });
}

void lane_world::ask_store(lane_seat& seat, const asks& all) {
  // Earlier hand-overs of this turn leave the lane's knowledge, too: note all before any is checked.
  // A lease that is said again was decided, and checked, when it was said first.
  std::vector<store::lease> decided;
  for (const auto& ask : all)
    if (const auto* op = std::get_if<store::lease>(&ask.op))
      if (const auto before = seat.asked.find(op->id); before == seat.asked.end() || before->second != op->version)
        decided.push_back(*op);
  for (const auto& ask : all)
    std::visit(
        [&]<class Op>(const Op& op) {
          if constexpr (std::is_same_v<Op, store::lease> || std::is_same_v<Op, store::move> ||
                        std::is_same_v<Op, store::due>)
            seat.asked[op.id] = op.version;
          if constexpr (std::is_same_v<Op, store::open_lane>) seat.known.clear(); // It reads everything again.
        },
        ask.op);
  for (const auto& op : decided) check_lease(seat, op);
  send(seat.how.name, store_end, [this, name = seat.how.name, life = seat.life, all] { join_batch(name, life, all); });
}

/// What comes while the store is busy is committed together, whoever asks.
void lane_world::join_batch(const std::string& from, std::uint64_t life, const asks& all) {
  for (const auto& ask : all) batch_.push_back({from, life, ask});
  if (commit_planned_) return;
  commit_planned_ = true;
  const auto& trouble = options_.trouble;
  const auto longest = now() < trouble.until ? static_cast<double>(trouble.max_commit.count()) : 0.0;
  agenda_.at(now() + duration{static_cast<duration::rep>(longest * draw())}, [this] { commit(); });
}

void lane_world::commit() {
  commit_planned_ = false;
  const auto all = std::exchange(batch_, {});
  for (std::size_t first = 0; first < all.size(); first += limits::commit_ops) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = std::min(all.size() - first, limits::commit_ops);
    commit(std::vector<pending>(begin, begin + static_cast<std::ptrdiff_t>(count)));
  }
}

/// A client's operation, somewhere among those that wait.
store::answer lane_world::commit_with(const store::operation& op) {
  if (batch_.size() >= limits::commit_ops) commit();
  auto batch = std::exchange(batch_, {});
  const auto place = static_cast<std::ptrdiff_t>(draw() * static_cast<double>(batch.size() + 1));
  batch.insert(batch.begin() + place, pending{{}, 0, {0, op}});
  return commit(batch).answers[static_cast<std::size_t>(place)];
}

store::batch_result lane_world::commit(const std::vector<pending>& batch) {
  std::vector<store::operation> ops;
  for (const auto& one : batch) ops.push_back(one.what.op);
  const auto done = store_.apply(ops, now());
  invariant(done.has_value());
  publish(*done, batch);
  return *done;
}

/// One message per lane: the answers to its operations, then its changes.
void lane_world::publish(const store::batch_result& done, const std::vector<pending>& batch) {
  struct mail {
    std::vector<lane::answered> answers;
    std::vector<store::lane_change> changes;
  };
  std::map<std::pair<std::string, std::uint64_t>, mail> all; // By lane and its life.
  for (std::size_t i = 0; i < batch.size(); ++i)
    if (const auto& one = batch[i]; !one.from.empty())
      all[{one.from, one.life}].answers.push_back({one.what.ticket, done.answers[i]});
  for (const auto& change : done.changes) all[{change.lane, lanes_.at(change.lane).life}].changes.push_back(change);
  for (const auto& [to, what] : all)
    send(store_end, to.first, [this, to = to, what = what] {
      if (lanes_.at(to.first).life != to.second) return;
      for (const auto& one : what.answers) tell_lane(to.first, one);
      feed_lane(to.first, what.changes);
    });
}

void lane_world::feed_lane(const std::string& name, const std::vector<store::lane_change>& changes) {
  if (changes.empty()) return;
  auto& seat = lanes_.at(name);
  for (const auto& change : changes) {
    if (change.gone) {
      seat.known.erase(change.entry.id);
    } else {
      seat.known[change.entry.id] = change.entry;
    }
  }
  tell_lane(name, lane::feed{changes});
}

void lane_world::arm(lane_seat& seat) {
  const auto due = seat.machine->wake_at();
  if (!due || (seat.armed && *seat.armed <= *due && *seat.armed > now())) return;
  seat.armed = std::max(*due, now());
  agenda_.at(*due, [this, name = seat.how.name] {
    auto& at = lanes_.at(name);
    at.armed.reset();
    tell_lane(name, lane::tick{});
  });
}

/// Where nothing is lost, and no opening of a lane repeated, its feed has no gap.
void lane_world::check_alarm(const lane::alarm& e) {
  if (e.kind == "feed_gap" && options_.trouble.loss == 0 && options_.trouble.repeat == 0) violated(e.text);
}

/// The lane's order: priority; demoted jobs in the order they were demoted; then id.
bool lane_world::is_before(const lane_seat& seat, const store::lane_entry& a, const store::lane_entry& b) {
  const auto place = [&](const store::lane_entry& e) {
    const auto demoted = seat.how.demoted_first && e.demoted_order != 0 ? e.demoted_order : ~std::uint64_t{0};
    return std::tuple{e.priority, demoted, e.id};
  };
  return place(a) < place(b);
}

/// G5: no job that the lane knows to be ready, and that this slot could run, comes before this one.
void lane_world::check_lease(const lane_seat& seat, const store::lease& op) {
  const auto leased = seat.known.find(op.id);
  const auto& node = nodes_.at(op.node);
  if (leased == seat.known.end()) return violated("lease of unknown job " + std::to_string(op.id));
  if (leased->second.state == job_state::scheduled && leased->second.run_at > now())
    violated("job " + std::to_string(op.id) + " leased before its time");
  for (const auto& [id, other] : seat.known) {
    const auto asked = seat.asked.find(id);
    const bool is_asked = asked != seat.asked.end() && asked->second >= other.version;
    if (other.state != job_state::ready || is_asked || !is_before(seat, other, leased->second)) continue;
    if (!std::binary_search(node.how.classes.begin(), node.how.classes.end(), other.job_class)) continue;
    const auto w = node.workers.find(seat.how.name);
    if (w == node.workers.end() || w->second.refused.contains(other.job_class)) continue;
    violated("job " + std::to_string(op.id) + " leased before " + std::to_string(id));
  }
}

} // namespace fabric::sim
