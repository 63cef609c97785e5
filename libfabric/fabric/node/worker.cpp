#include "fabric/node/worker.hpp"

#include <algorithm>
#include <utility>

namespace fabric::node {

namespace {

constexpr std::size_t wants_remembered = 16;
constexpr std::size_t over_remembered = 256; ///< Far more than a lane can have on the way to one worker.

} // namespace

worker_effects worker::handle(const worker_event& what, time_point now) {
  worker_effects out;
  std::visit([&](const auto& e) { on(e, now, out); }, what);
  check_drained(now, out);
  return out;
}

std::optional<time_point> worker::wake_at() const {
  if (drained_) return std::nullopt;
  if (drain_deadline_) return std::min(next_renewal_, handed_back_ ? *gives_up_at() : *drain_deadline_);
  return next_renewal_;
}

worker_status worker::report(time_point now) const {
  const auto leaked = static_cast<std::uint32_t>(leaked_.size());
  return {how_.name, how_.lane, how_.slots, leaked, drain_deadline_.has_value(), runner_up_, list_held(now), memory_};
}

/// What the lane before sent may still be on its way, by a longer one: the new lane is told that this worker does not
/// hold it, and may have it run elsewhere. So a start that answers an older want is refused from now on.
void worker::on(const lane_up&, time_point now, worker_effects& out) {
  wants_sent_.clear();
  for (const auto& [fence, h] : held_) repeat_known(h, fence, now, out); // Ends first: a want alone says less.
  say_want(now, out);
}

void worker::on(const lane_start& e, time_point now, worker_effects& out) {
  const auto fence = e.order.fence;
  if (const auto known = held_.find(fence); known != held_.end()) return repeat_known(known->second, fence, now, out);
  // Before the runner's first hello it may be running it already, for a worker that is no more: the lane asks again.
  if (!runner_known_) return;
  // A repeat that crossed the refusal or the end on its way: the lane has given the attempt up, or is about to.
  if (is_over(fence)) return refuse(fence, "refused or ended here before", out);
  if (drain_deadline_) return refuse(fence, "the node drains", out);
  if (!runner_up_) return refuse(fence, "the node's runner is away", out);
  const auto deadline = lease_end(e.order);
  if (!deadline || *deadline - now < shortest_lease) return refuse(fence, "the start came too late for its lease", out);
  run(e.order, *deadline, now, out);
}

void worker::on(const lane_stop& e, time_point now, worker_effects& out) {
  const auto fence = e.order.fence;
  const auto known = held_.find(fence);
  if (known != held_.end() && known->second.at == phase::ended) {
    out.push_back(tell_ended{*known->second.end});
    return;
  }
  if (known != held_.end() && known->second.start) return give_back(fence, "stopped before it was started", out);
  // A job whose process cannot be killed is held until its lease is over, not longer.
  if (e.order.why == stop_reason::unknown && leaked_.contains(fence) && held_.erase(fence) > 0) say_want(now, out);
  // The start that this stop overtook must not run; before the runner's hello it may be running.
  if (runner_known_ && !held_.contains(fence)) remember_over(fence);
  out.push_back(stop_attempt{e.order}); // Also for a fence unknown here: the runner may hold it.
}

void worker::on(const lane_forget& e, time_point, worker_effects& out) {
  const auto known = held_.find(e.fence);
  if (known != held_.end() && known->second.start) return give_back(e.fence, "its end is committed", out);
  if (known != held_.end() && known->second.at != phase::ended) {
    out.push_back(stop_attempt{{e.fence, stop_reason::unknown, duration{0}}});
    return;
  }
  if (known != held_.end()) held_.erase(known);
  remember_over(e.fence);
  out.push_back(forget_attempt{e.fence});
}

void worker::on(const runner_up& e, time_point now, worker_effects& out) {
  runner_up_ = true;
  runner_known_ = true;
  // What ended keeps its report; of the rest, the runner's list is the truth.
  auto before = std::exchange(held_, {});
  for (const auto& h : e.held) held_[h.fence] = {h.job, h.attempt, phase::running, now - h.ran, {}, {}};
  for (auto& [fence, h] : before) {
    if (h.at == phase::ended) {
      held_[fence] = std::move(h);
    } else if (!held_.contains(fence)) {
      remember_over(fence);
      // The order may still be on its way to the runner; this comes behind it.
      if (h.at == phase::asked) out.push_back(stop_attempt{{fence, stop_reason::unknown, duration{0}}});
    }
  }
  std::erase_if(leaked_, [&](fence_t fence) { return !held_.contains(fence); });
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
  repeat_known(known->second, e.fence, now, out);
}

void worker::on(const runner_refused& e, time_point, worker_effects& out) {
  if (const auto known = held_.find(e.fence); known != held_.end()) {
    if (known->second.at == phase::ended) return;
    if (drain_deadline_) fates_.push_back({known->second.job, known->second.attempt, "handed back"});
    held_.erase(known);
  }
  refuse(e.fence, e.why, out);
}

void worker::on(const runner_ended& e, time_point, worker_effects& out) {
  leaked_.erase(e.what.fence);
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

void worker::on(const runner_leaked& e, time_point now, worker_effects& out) {
  leaked_.insert(e.fence);
  say_want(now, out);
}

void worker::on(const classes_changed& e, time_point now, worker_effects& out) {
  how_.classes = e.classes;
  say_want(now, out);
}

void worker::on(const memory_read& e, time_point now, worker_effects& out) {
  const bool changed = e.now.low != memory_.low;
  memory_ = e.now;
  if (changed) say_want(now, out);
}

void worker::on(const drain& e, time_point now, worker_effects& out) {
  if (e.ends && !std::exchange(ends_, true) && std::exchange(drained_, false)) fates_.clear();
  drain_deadline_ = drain_deadline_ ? std::min(*drain_deadline_, e.deadline) : e.deadline;
  say_want(now, out);
  if (*drain_deadline_ <= now) hand_back(out);
}

void worker::on(const undrain&, time_point now, worker_effects& out) {
  if (!drain_deadline_ || ends_) return;
  drain_deadline_.reset();
  handed_back_ = drained_ = false;
  fates_.clear();
  say_want(now, out);
}

void worker::on(const slots_changed& e, time_point now, worker_effects& out) {
  if (std::exchange(how_.slots, e.slots) != e.slots) say_want(now, out);
}

void worker::on(const worker_tick&, time_point now, worker_effects& out) {
  if (drain_deadline_ && !handed_back_ && *drain_deadline_ <= now) hand_back(out);
  if (now < next_renewal_) return;
  say_want(now, out);
  for (const auto& [fence, h] : held_)
    if (h.at == phase::ended) out.push_back(tell_ended{*h.end});
}

void worker::refuse(fence_t fence, std::string why, worker_effects& out) {
  remember_over(fence);
  out.push_back(tell_refused{{fence, std::move(why)}});
}

void worker::repeat_known(const held& h, fence_t fence, time_point now, worker_effects& out) const {
  if (h.at == phase::running) out.push_back(tell_started{{fence, std::max(now - h.started, duration{0})}});
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
  want w{how_.node, how_.name, how_.boot, seq_, offered_slots(), how_.classes, runner_up_, list_held(now)};
  out.push_back(tell_want{std::move(w)});
}

void worker::hand_back(worker_effects& out) {
  handed_back_ = true;
  std::vector<fence_t> unheard;
  for (const auto& [fence, h] : held_)
    if (h.start) unheard.push_back(fence);
  for (const auto fence : unheard) give_back(fence, "the node drains", out);
  for (const auto& [fence, h] : held_)
    if (h.at != phase::ended) out.push_back(stop_attempt{{fence, stop_reason::drain, how_.hand_back_grace}});
}

void worker::check_drained(time_point now, worker_effects& out) {
  if (!drain_deadline_ || drained_) return;
  const bool gone = runner_known_ && std::all_of(held_.begin(), held_.end(),
                                                 [this](const auto& item) { return leaked_.contains(item.first); });
  if (!gone && now < *gives_up_at()) return;
  drained_ = true;
  for (const auto& [fence, h] : held_) {
    std::erase_if(fates_, [&held = h](const fate& f) { return f.job == held.job && f.attempt == held.attempt; });
    fates_.push_back({h.job, h.attempt, leaked_.contains(fence) ? "cannot be killed" : "left with the runner", true});
  }
  out.push_back(drained{fates_, ends_});
}

/// By then everything was settled if there were a runner that obeys and a store that commits. What is left the runner
/// keeps, under its lease or as a report, without this process.
std::optional<time_point> worker::gives_up_at() const {
  if (!drain_deadline_) return std::nullopt;
  return *drain_deadline_ + how_.hand_back_grace + how_.renewal;
}

bool worker::is_over(fence_t fence) const { return std::find(over_.begin(), over_.end(), fence) != over_.end(); }

void worker::remember_over(fence_t fence) {
  if (is_over(fence)) return;
  over_.push_back(fence);
  if (over_.size() > over_remembered) over_.pop_front();
}

std::vector<held_attempt> worker::list_held(time_point now) const {
  std::vector<held_attempt> all;
  for (const auto& [fence, h] : held_) {
    const auto ran = h.at == phase::running ? std::max(now - h.started, duration{0}) : duration{0};
    all.push_back({fence, h.job, h.attempt, ran, how_.lane});
  }
  return all;
}

std::uint32_t worker::offered_slots() const {
  if (drain_deadline_ || !runner_up_ || memory_.low) return 0;
  // As long as a leaked attempt is held, the lane counts it as it counts every other.
  const auto closed = static_cast<std::uint32_t>(
      std::count_if(leaked_.begin(), leaked_.end(), [this](fence_t fence) { return !held_.contains(fence); }));
  return how_.slots - std::min(how_.slots, closed);
}

} // namespace fabric::node
