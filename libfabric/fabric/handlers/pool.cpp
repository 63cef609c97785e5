#include "fabric/handlers/pool.hpp"

#include "fabric/exec/classify.hpp"

#include <algorithm>

namespace fabric::handlers {

namespace {

constexpr std::size_t renewals_remembered = 8;

std::string names_of(const std::set<std::string>& all) {
  std::string text;
  for (const auto& name : all) text += (text.empty() ? "\"" : ", \"") + name + "\"";
  return text;
}

} // namespace

pool::pool(pool_settings how) : how_(std::move(how)) { find_classes(); }

pool_effects pool::handle(pool_event what, time_point now) {
  now_ = now;
  std::visit([this](auto& e) { on(e); }, what);
  tell_started();
  check_released();
  return std::exchange(out_, {});
}

pool_effects pool::withdrawn(fence_t fence, time_point now) {
  now_ = now;
  if (const auto found = held_.find(fence); found != held_.end()) {
    attempt_end what;
    what.how = exec::outcome_of_stop(found->second.stopped);
    what.reason = "stopped before it began";
    end(fence, found->second, std::move(what));
  }
  check_released();
  return std::exchange(out_, {});
}

std::optional<time_point> pool::wake_at() const {
  auto at = look_;
  if (due_) at = at ? std::min(*at, *due_) : *due_;
  if (!held_.empty()) at = at ? std::min(*at, next_renewal_) : next_renewal_;
  return at;
}

void pool::find_classes() {
  classes_.clear();
  for (const auto& [name, c] : how_.config.classes) {
    if (c.handler.empty() || !c.enabled) continue;
    if (how_.handlers.contains(c.handler))
      classes_.push_back(name);
    else
      out_.emplace_back(exec::complaint{"class " + name + " cannot run here: this program has no handler \"" +
                                        c.handler + "\"; it has " + names_of(how_.handlers)});
  }
  std::sort(classes_.begin(), classes_.end());
}

/// What runs goes on under the limits with which it was started.
void pool::on(exec::reconfigured& e) {
  if (!held_.empty()) before_.push_back(std::move(how_.config));
  how_.config = std::move(e.config);
  find_classes();
  for (const auto& lane : lanes_) out_.emplace_back(exec::tell_worker{lane, node::classes_changed{classes_}});
}

// -- what threads do --------------------------------------------------------------------------------------------------

void pool::on(news& e) {
  for (const auto& b : e.starts) {
    const auto found = held_.find(b.fence);
    if (found == held_.end() || found->second.started != no_time) continue;
    found->second.started = b.at;
    fresh_.push_back(b.fence);
    if (const auto t = due(found->second)) wake_by(*t);
  }
  for (auto& p : e.progress) {
    const auto found = held_.find(p.fence);
    if (found == held_.end() || p.state.empty()) continue;
    found->second.progress = std::move(p.state);
    found->second.progress_at = p.at;
  }
  for (auto& r : e.ends) ended(r);
  check_suspects();
}

std::optional<seen_progress> pool::progress_of(fence_t fence, time_point now) const {
  const auto found = held_.find(fence);
  if (found == held_.end() || found->second.progress.empty()) return std::nullopt;
  return seen_progress{found->second.progress, std::max(now - found->second.progress_at, duration{0})};
}

/// Only of those that have not ended in the same turn.
void pool::tell_started() {
  for (const auto fence : std::exchange(fresh_, {})) {
    const auto found = held_.find(fence);
    if (found == held_.end() || std::exchange(found->second.told, true)) continue;
    --untold_;
    out_.emplace_back(exec::tell_worker{found->second.what.lane, node::runner_started{fence, found->second.started}});
  }
}

void pool::end(fence_t fence, const held& h, attempt_end what) {
  attempt_ended done{fence, h.what.job, h.stopped, std::move(what), h.what.attempt, h.what.lane};
  if (h.leaked) --leaked_;
  if (!h.told) --untold_;
  held_.erase(fence);
  if (held_.empty()) {
    due_ = look_ = std::nullopt;
    before_.clear();
  }
  ended_[fence] = done;
  const auto lane = done.lane;
  out_.emplace_back(exec::tell_worker{lane, node::runner_ended{std::move(done)}});
}

// -- time -------------------------------------------------------------------------------------------------------------

void pool::on(const pool_tick&) {
  if (look_ && now_ >= *look_) {
    look_ = untold_ > 0 ? std::optional(now_ + look_after) : std::nullopt;
    out_.emplace_back(look_at_tasks{});
  }
  if (!held_.empty() && now_ >= next_renewal_) renew();
  if (!due_ || now_ < *due_) return;
  due_.reset();
  std::vector<fence_t> all;
  for (const auto& [fence, h] : held_) all.push_back(fence);
  for (const auto fence : all)
    if (const auto found = held_.find(fence); found != held_.end()) check(fence, found->second);
}

void pool::check(fence_t fence, held& h) {
  const auto wall = h.how->limits.wall;
  if (h.stopped != stop_reason::none && now_ >= h.patience)
    leak(fence, h);
  else if (h.stopped == stop_reason::none && wall && h.started != no_time && now_ >= h.started + *wall)
    stop(fence, stop_reason::wall, h.grace);
  else if (h.stopped == stop_reason::none && now_ >= h.lease_end)
    stop(fence, stop_reason::lease, h.grace);
  if (const auto stall = stall_due(h); stall && now_ >= *stall) {
    if (suspects_.empty()) out_.emplace_back(look_at_tasks{});
    return suspects_.push_back(fence);
  }
  if (const auto t = due(h)) wake_by(*t);
}

/// What a handler says is only looked for when somebody wants to know it.
void pool::check_suspects() {
  for (const auto fence : std::exchange(suspects_, {})) {
    const auto found = held_.find(fence);
    if (found == held_.end()) continue;
    auto& h = found->second;
    if (const auto stall = stall_due(h); stall && now_ >= *stall) {
      h.silence = now_ - std::max(h.started, h.progress_at);
      stop(fence, stop_reason::stall, h.grace);
    }
    if (const auto t = due(h)) wake_by(*t);
  }
}

std::optional<time_point> pool::stall_due(const held& h) const {
  const auto limit = h.how->limits.stall_timeout.value_or(duration{0});
  if (limit == duration{0} || h.started == no_time || h.stopped != stop_reason::none) return std::nullopt;
  return std::max(h.started, h.progress_at) + limit;
}

std::optional<time_point> pool::due(const held& h) const {
  if (h.leaked) return std::nullopt;
  if (h.stopped != stop_reason::none) return h.patience;
  auto first = h.lease_end;
  if (h.how->limits.wall && h.started != no_time) first = std::min(first, h.started + *h.how->limits.wall);
  if (const auto stall = stall_due(h)) first = std::min(first, *stall);
  return first;
}

void pool::leak(fence_t fence, held& h) {
  if (std::exchange(h.leaked, true)) return;
  ++leaked_;
  const std::string why = "its handler has not returned " + std::to_string((now_ - h.asked_at) / 1ms) +
                          " ms after it was asked to stop (" + std::string{to_string(h.stopped)} + ")";
  out_.emplace_back(abandon_task{fence});
  out_.emplace_back(exec::raise_alarm{"slot_leaked", h.what.lane, h.what.job,
                                      "attempt " + std::to_string(h.what.attempt) + " is abandoned: " + why});
  out_.emplace_back(exec::tell_worker{h.what.lane, node::runner_leaked{fence, why}});
  if (leaked_ > how_.config.handlers.max_leaked && !std::exchange(gave_up_, true))
    out_.emplace_back(too_many_leaked{leaked_});
}

// -- leases -----------------------------------------------------------------------------------------------------------

void pool::on(const exec::membership_up&) {
  if (!held_.empty()) renew();
}

void pool::renew() {
  next_renewal_ = now_ + how_.renewal;
  renewals_[++renewal_seq_] = now_;
  if (renewals_.size() > renewals_remembered) renewals_.erase(renewals_.begin());
  exec::renew_fences m{renewal_seq_, {}};
  for (const auto& [fence, h] : held_)
    if (!h.leaked) m.fences.push_back(fence);
  out_.emplace_back(std::move(m));
}

/// A lease counts from when the renewal that it answers was sent.
void pool::on(const exec::leases_answered& e) {
  const auto sent = renewals_.find(e.seq);
  if (sent == renewals_.end()) return;
  for (const auto& [fence, length] : e.lengths)
    if (const auto found = held_.find(fence); found != held_.end())
      found->second.lease_end = std::max(found->second.lease_end, sent->second + length);
}

// -- detach -----------------------------------------------------------------------------------------------------------

void pool::on(const release_all& e) {
  releasing_ = true;
  std::vector<fence_t> all;
  for (const auto& [fence, h] : held_) all.push_back(fence);
  for (const auto fence : all) stop(fence, stop_reason::drain, e.grace);
}

void pool::check_released() {
  if (!releasing_ || !ended_.empty() || held_.size() > leaked_) return;
  releasing_ = false;
  out_.emplace_back(all_released{});
}

} // namespace fabric::handlers
