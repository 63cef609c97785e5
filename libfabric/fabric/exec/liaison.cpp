#include "fabric/exec/liaison.hpp"

#include "fabric/config/lanes.hpp"

#include <algorithm>

namespace fabric::exec {

namespace {

constexpr std::size_t renewals_remembered = 8;
constexpr std::ptrdiff_t prune_max = 10'000; ///< Directories in one frame.

std::string in_mib(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

} // namespace

liaison_effects liaison::handle(liaison_event what, const instant& at) {
  at_ = at;
  out_.clear();
  std::visit([this](auto& e) { on(e); }, what);
  return std::exchange(out_, {});
}

bool liaison::can_run(const std::string& job_class) const {
  return std::binary_search(classes_.begin(), classes_.end(), job_class);
}

// -- the runner's side ------------------------------------------------------------------------------------------------

void liaison::on(const link_up&) {
  ready_ = false;
  held_.clear();
  leaked_.clear();
}

void liaison::on(const link_down&) {
  ready_ = false;
  held_.clear();
  for (const auto& lane : lanes_) out_.emplace_back(tell_worker{lane, node::runner_down{}});
}

void liaison::on(link_said& e) {
  std::visit([this](auto& f) { hear(f); }, e.frame);
}

void liaison::hear(const hello& f) {
  if (f.protocol != protocol_version) return void(out_.emplace_back(runner_is_foreign{f.protocol}));
  held_.clear();
  for (const auto& h : f.held) held_[h.fence] = {.what = h, .started = at_.now - h.ran};
  ends_to_come_ = f.finished;
  out_.emplace_back(send_frame{resize{config::keepers_on_node(how_.config)}});
  if (ends_to_come_ == 0) become_ready();
}

void liaison::hear(const was_started& f) {
  const auto found = held_.find(f.fence);
  if (found == held_.end()) return;
  found->second.started = boot_instant(f.started_us);
  out_.emplace_back(tell_worker{found->second.what.lane, node::runner_started{f.fence, found->second.started}});
}

void liaison::hear(const was_refused& f) {
  out_.emplace_back(complaint{"refused fence " + std::to_string(f.fence) + ": " + f.why});
  leave_with(f.fence, node::runner_refused{f.fence, f.why});
}

void liaison::hear(has_ended& f) {
  if (const auto known = held_.find(f.what.fence); known != held_.end()) {
    f.what.lane = known->second.what.lane; // Its end may have crossed the news that it was carried.
    held_.erase(known);
  }
  leaked_.erase(f.what.fence);
  ended_[f.what.fence] = f.what;
  out_.emplace_back(tell_worker{f.what.lane, node::runner_ended{f.what}});
  if (ends_to_come_ > 0 && --ends_to_come_ == 0) become_ready();
}

void liaison::hear(has_progressed& f) {
  const auto found = held_.find(f.fence);
  if (found == held_.end()) return;
  found->second.progress = std::move(f.state);
  found->second.progress_at = boot_instant(f.at_us);
}

std::optional<seen_progress> liaison::progress_of(fence_t fence, time_point now) const {
  const auto found = held_.find(fence);
  if (found == held_.end() || found->second.progress.empty()) return std::nullopt;
  return seen_progress{found->second.progress, std::max(now - found->second.progress_at, duration{0})};
}

/// Its lease is not renewed any longer, so that the job runs elsewhere when that is over.
void liaison::hear(const slot_leaked& f) {
  if (const auto known = held_.find(f.fence); known != held_.end()) {
    const auto& what = known->second.what;
    leaked_[f.fence] = {what.lane, f.why};
    out_.emplace_back(raise_alarm{"slot_leaked", what.lane, what.job,
                                  "a process of attempt " + std::to_string(what.attempt) +
                                      " cannot be killed, its slot is closed: " + f.why});
  }
  leave_with(f.fence, node::runner_leaked{f.fence, f.why});
}

template <class Event> void liaison::leave_with(fence_t fence, Event what) {
  const auto found = held_.find(fence);
  if (found == held_.end()) return;
  out_.emplace_back(tell_worker{found->second.what.lane, std::move(what)});
  held_.erase(found);
}

/// The runner has said all it holds: now the workers may speak of it.
void liaison::become_ready() {
  ready_ = true;
  next_renewal_ = at_.now;
  spool_pruned resets{{}, {}, {resets_.begin(), resets_.end()}};
  on(resets);
  for (const auto& lane : lanes_) tell_all(lane);
  out_.emplace_back(runner_is_ready{});
}

/// Ends first, also those that a worker before this one was told of: it may not have lived to pass them on.
void liaison::tell_all(const std::string& lane) {
  for (const auto& [fence, ended] : ended_)
    if (ended.lane == lane) out_.emplace_back(tell_worker{lane, node::runner_ended{ended}});
  std::vector<held_attempt> all;
  for (const auto& [fence, h] : held_) {
    if (h.what.lane != lane) continue;
    all.push_back(h.what);
    all.back().ran = at_.now - h.started;
  }
  out_.emplace_back(tell_worker{lane, node::runner_up{std::move(all)}});
  for (const auto& [fence, leak] : leaked_)
    if (leak.first == lane) out_.emplace_back(tell_worker{lane, node::runner_leaked{fence, leak.second}});
}

// -- leases -----------------------------------------------------------------------------------------------------------

void liaison::on(const liaison_tick&) {
  if (ready_ && at_.now >= next_renewal_) renew();
}

void liaison::on(const membership_up&) {
  if (ready_) renew();
}

void liaison::renew() {
  next_renewal_ = at_.now + how_.renewal;
  renewals_[++renewal_seq_] = at_.now;
  if (renewals_.size() > renewals_remembered) renewals_.erase(renewals_.begin());
  renew_fences m{renewal_seq_, {}};
  for (const auto& [fence, h] : held_) m.fences.push_back(fence);
  out_.emplace_back(std::move(m));
}

/// A lease counts from when the renewal that it answers was sent.
void liaison::on(const leases_answered& e) {
  const auto sent = renewals_.find(e.seq);
  if (sent == renewals_.end() || !ready_) return;
  extend frame;
  for (const auto& [fence, length] : e.lengths)
    frame.deadlines_us.emplace_back(fence, boot_micros(sent->second + length));
  if (!frame.deadlines_us.empty()) out_.emplace_back(send_frame{std::move(frame)});
  if (!outage_seq_ || e.seq < *outage_seq_) return;
  outage_seq_.reset();
  out_.emplace_back(outage_known{});
}

void liaison::on(const outage_granted&) {
  if (!ready_ || held_.empty()) return void(out_.emplace_back(outage_known{}));
  renew();
  outage_seq_ = renewal_seq_;
}

void liaison::on(reconfigured& e) {
  how_.config = std::move(e.config);
  out_.emplace_back(send_frame{resize{config::keepers_on_node(how_.config)}});
}

// -- housekeeping -----------------------------------------------------------------------------------------------------

void liaison::on(classes_found& e) {
  if (e.names == classes_) return;
  classes_ = std::move(e.names);
  for (const auto& lane : lanes_) out_.emplace_back(tell_worker{lane, node::classes_changed{classes_}});
}

void liaison::on(const memory_seen& e) {
  const bool changed = memory_.see(e.available);
  const auto& m = memory_.state();
  if (!changed && !m.low) return;
  for (const auto& lane : lanes_) out_.emplace_back(tell_worker{lane, node::memory_read{m}});
  if (!changed) return;
  const auto numbers = in_mib(m.available) + " available, " + in_mib(m.wanted) + " wanted";
  out_.emplace_back(
      raise_alarm{m.low ? "memory_low" : "memory_enough", "", 0,
                  m.low ? "memory is low, no new work: " + numbers : "memory is enough again: " + numbers});
}

void liaison::on(spool_pruned& e) {
  resets_.insert(e.resets.begin(), e.resets.end());
  if (!ready_) return; // The survey of the spool finds the others again.
  auto all = std::move(e.attempts);
  for (const auto id : std::exchange(resets_, {})) all.emplace_back(id, 0);
  for (const auto& job : e.jobs)
    for (std::uint32_t n = 0; n <= job.attempts; ++n) all.emplace_back(job.id, n); // 0: its checkpoints.
  for (auto at = all.begin(); at != all.end();) {
    const auto next = at + std::min<std::ptrdiff_t>(all.end() - at, prune_max);
    out_.emplace_back(send_frame{prune{{at, next}}});
    at = next;
  }
}

} // namespace fabric::exec
