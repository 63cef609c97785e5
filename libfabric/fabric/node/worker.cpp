#include "fabric/node/worker.hpp"

#include <algorithm>

namespace fabric::node {

namespace {

/// A start whose lease has less than this left would be killed before it could do much.
constexpr duration shortest_lease = 1s;
constexpr std::size_t wants_remembered = 16;

} // namespace

worker_effects worker::handle(const worker_event& what, time_point now) {
  worker_effects out;
  std::visit([&](const auto& e) { on(e, now, out); }, what);
  check_drained(out);
  return out;
}

std::optional<time_point> worker::wake_at() const {
  if (drained_) return std::nullopt;
  if (drain_deadline_ && !handed_back_) return std::min(next_renewal_, *drain_deadline_);
  return next_renewal_;
}

worker_status worker::report(time_point now) const {
  worker_status s{how_.name, how_.lane, how_.slots, leaked_, drain_deadline_.has_value(), runner_up_, {}};
  for (const auto& [fence, h] : held_)
    s.held.push_back({fence, h.job, h.attempt, h.at == phase::running ? now - h.started : duration{0}, how_.lane});
  return s;
}

void worker::on(const lane_up&, time_point now, worker_effects& out) {
  for (const auto& [fence, h] : held_) repeat_known(h, fence, now, out); // Ends first: a want alone says less.
  say_want(now, out);
}

void worker::on(const lane_start& e, time_point now, worker_effects& out) {
  const auto fence = e.order.fence;
  if (const auto known = held_.find(fence); known != held_.end()) return repeat_known(known->second, fence, now, out);
  const auto refuse = [&](std::string why) { out.push_back(tell_refused{{fence, std::move(why)}}); };
  if (drain_deadline_) return refuse("the node drains");
  if (!runner_up_) return refuse("the node's runner is away");
  const auto deadline = lease_end(e.order);
  if (!deadline || *deadline - now < shortest_lease) return refuse("the start came too late for its lease");
  held_.emplace(fence, held{e.order.job, e.order.attempt, phase::asked, {}, {}});
  out.push_back(run_attempt{e.order, *deadline});
}

void worker::on(const lane_stop& e, time_point, worker_effects& out) {
  const auto known = held_.find(e.order.fence);
  if (known != held_.end() && known->second.at == phase::ended) {
    out.push_back(tell_ended{*known->second.end});
    return;
  }
  out.push_back(stop_attempt{e.order}); // Also for a fence unknown here: the runner may hold it.
}

void worker::on(const lane_forget& e, time_point, worker_effects& out) {
  held_.erase(e.fence);
  out.push_back(forget_attempt{e.fence});
}

void worker::on(const runner_up& e, time_point now, worker_effects& out) {
  runner_up_ = true;
  // What ended keeps its report; of the rest, the runner's list is the truth.
  std::erase_if(held_, [](const auto& item) { return item.second.at != phase::ended; });
  for (const auto& h : e.held) held_[h.fence] = {h.job, h.attempt, phase::running, now - h.ran, {}};
  say_want(now, out);
  if (handed_back_) hand_back(out);
}

void worker::on(const runner_down&, time_point now, worker_effects& out) {
  runner_up_ = false;
  say_want(now, out);
}

void worker::on(const runner_started& e, time_point now, worker_effects& out) {
  const auto known = held_.find(e.fence);
  if (known == held_.end() || known->second.at == phase::ended) return;
  known->second.at = phase::running;
  known->second.started = e.at;
  out.push_back(tell_started{{e.fence, std::max(now - e.at, duration{0})}});
}

void worker::on(const runner_refused& e, time_point, worker_effects& out) {
  held_.erase(e.fence);
  out.push_back(tell_refused{{e.fence, e.why}});
}

void worker::on(const runner_ended& e, time_point, worker_effects& out) {
  auto& h = held_[e.what.fence];
  if (h.at == phase::ended) return;
  h.job = e.what.job;
  h.attempt = e.what.attempt;
  h.at = phase::ended;
  h.end = e.what;
  if (drain_deadline_) {
    const auto how = e.what.end.how;
    fates_.push_back({h.job, h.attempt, how == outcome::drained ? "handed back" : std::string{to_string(how)}});
  }
  out.push_back(tell_ended{e.what});
}

void worker::on(const runner_leaked&, time_point now, worker_effects& out) {
  ++leaked_;
  say_want(now, out);
}

void worker::on(const classes_changed& e, time_point now, worker_effects& out) {
  how_.classes = e.classes;
  say_want(now, out);
}

void worker::on(const drain& e, time_point now, worker_effects& out) {
  drain_deadline_ = e.deadline;
  say_want(now, out);
  if (e.deadline <= now) hand_back(out);
}

void worker::on(const worker_tick&, time_point now, worker_effects& out) {
  if (drain_deadline_ && !handed_back_ && *drain_deadline_ <= now) hand_back(out);
  if (now < next_renewal_) return;
  say_want(now, out);
  for (const auto& [fence, h] : held_)
    if (h.at == phase::ended) out.push_back(tell_ended{*h.end});
}

void worker::repeat_known(const held& h, fence_t fence, time_point now, worker_effects& out) const {
  if (h.at == phase::running) out.push_back(tell_started{{fence, now - h.started}});
  if (h.at == phase::ended) out.push_back(tell_ended{*h.end});
}

/// The holder counts from when it sent the want that the start answers. A want of another boot is not in the list, so
/// a start older than this node's hello is refused.
std::optional<time_point> worker::lease_end(const start_order& order) const {
  const auto sent =
      std::find_if(wants_sent_.begin(), wants_sent_.end(), [&](const auto& w) { return w.first == order.want_seq; });
  if (sent == wants_sent_.end()) return std::nullopt;
  return sent->second + order.lease;
}

void worker::say_want(time_point now, worker_effects& out) {
  next_renewal_ = now + how_.renewal;
  wants_sent_.emplace_back(++seq_, now);
  if (wants_sent_.size() > wants_remembered) wants_sent_.pop_front();
  want w{how_.node, how_.name, how_.boot, seq_, offered_slots(), how_.classes, runner_up_, {}};
  for (const auto& [fence, h] : held_)
    w.held.push_back({fence, h.job, h.attempt, h.at == phase::running ? now - h.started : duration{0}, how_.lane});
  out.push_back(tell_want{std::move(w)});
}

void worker::hand_back(worker_effects& out) {
  handed_back_ = true;
  for (const auto& [fence, h] : held_)
    if (h.at != phase::ended) out.push_back(stop_attempt{{fence, stop_reason::drain, how_.hand_back_grace}});
}

void worker::check_drained(worker_effects& out) {
  if (!drain_deadline_ || drained_ || !held_.empty()) return;
  drained_ = true;
  out.push_back(drained{fates_});
}

std::uint32_t worker::offered_slots() const {
  if (drain_deadline_ || !runner_up_ || leaked_ >= how_.slots) return 0;
  return how_.slots - leaked_;
}

} // namespace fabric::node
