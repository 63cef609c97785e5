#include "fabric/scheduler/membership.hpp"

#include "fabric/mutation.hpp"

#include <algorithm>

namespace fabric::scheduler {

membership_effects membership::handle(const membership_event& what, time_point now) {
  membership_effects out;
  std::visit([&](const auto& e) { on(e, now, out); }, what);
  return out;
}

std::optional<time_point> membership::wake_at() const {
  std::optional<time_point> at;
  const auto earlier = [&](time_point t) { at = at ? std::min(*at, t) : t; };
  for (const auto& [name, n] : nodes_)
    if (!n.lost) earlier(n.heard + how_.silence);
  for (const auto& [fence, lease] : leases_) earlier(lease.ends);
  return at;
}

std::vector<node_status> membership::report(time_point now) const {
  std::vector<node_status> all;
  for (const auto& [name, n] : nodes_) {
    const auto held =
        std::count_if(leases_.begin(), leases_.end(), [&](const auto& l) { return l.second.node == name; });
    if (n.lost && n.heard + how_.remember < now && held == 0) continue;
    all.push_back({name, n.boot, now - n.heard, static_cast<std::uint32_t>(held), n.lost});
  }
  return all;
}

void membership::on(const node_renewed& e, time_point now, membership_effects& out) {
  auto [at, fresh] = nodes_.try_emplace(e.node);
  auto& m = at->second;
  if (fresh || m.boot != e.boot || m.lost) out.push_back(node_joined{e.node, e.boot});
  if (m.boot != e.boot) m.newest.clear();
  m.boot = e.boot;
  m.heard = now;
  m.lost = false;
  m.newest[e.holder] = {e.seq, e.fences};
  leases_granted reply{e.node, e.seq, {}, e.holder};
  for (const auto fence : e.fences) {
    const auto found = leases_.find(fence);
    if (found == leases_.end() || found->second.node != e.node) continue;
    auto& lease = found->second;
    lengthen(fence, lease, due_length(lease, now), now, out);
    lease.ends = std::max(lease.ends, granters_end(now, lease.length));
    reply.lengths.emplace_back(fence, lease.length);
  }
  out.push_back(std::move(reply));
}

void membership::on(const attempt_leased& e, time_point now, membership_effects&) {
  // A restarted granter gives a running attempt its stored length from now.
  const auto ends = granters_end(now, e.length);
  const auto began = now - least_age(e.length);
  const auto [at, fresh] = leases_.try_emplace(e.fence);
  auto& lease = at->second;
  lease.id = e.id;
  lease.lane = e.lane;
  lease.node = e.node;
  lease.began = fresh ? began : std::min(lease.began, began);
  lease.length = std::max(lease.length, e.length);
  lease.ends = std::max(lease.ends, ends);
}

void membership::on(const attempt_closed& e, time_point, membership_effects&) {
  if (const auto found = leases_.find(e.fence); found != leases_.end() && found->second.lane == e.lane)
    leases_.erase(found);
}

void membership::on(const lease_extended& e, time_point now, membership_effects& out) {
  const auto found = leases_.find(e.fence);
  if (found == leases_.end()) return tell_outage(now, out);
  auto& lease = found->second;
  if (e.length >= lease.asked) lease.asked = duration{0};
  if (e.ok) lease.length = std::max(lease.length, e.length);
  tell_outage(now, out);
}

void membership::on(const node_unlinked& e, time_point, membership_effects& out) {
  const auto at = nodes_.find(e.node);
  if (at != nodes_.end() && at->second.boot == e.boot && !at->second.lost) lose(at->first, at->second, false, out);
}

void membership::lose(const std::string& node, member& m, bool silent, membership_effects& out) {
  m.lost = true;
  m.newest.clear();
  out.push_back(node_lost{node, m.boot, silent});
}

void membership::on(const membership_tick&, time_point now, membership_effects& out) {
  const auto due = wake_at();
  if (!due || now < *due) return;
  if (now - *due > how_.late) return give_everyone_a_round(now);
  for (auto& [name, n] : nodes_)
    if (!n.lost && n.heard + how_.silence <= now) lose(name, n, true, out);
  std::erase_if(nodes_, [&](const auto& n) { return n.second.lost && n.second.heard + how_.remember < now; });
  for (auto at = leases_.begin(); at != leases_.end();) {
    if (at->second.ends > now) {
      ++at;
      continue;
    }
    out.push_back(lease_ended{at->second.lane, at->first});
    at = leases_.erase(at);
  }
}

void membership::on(const grant_all& e, time_point now, membership_effects& out) {
  for (auto& [fence, lease] : leases_) lengthen(fence, lease, e.length, now, out);
  outage_ = true;
  tell_outage(now, out);
}

/// Nobody can ask any more when this process is gone. A lease still counts from when its holder last renewed it.
void membership::tell_outage(time_point now, membership_effects& out) {
  const auto open = [](const auto& item) { return item.second.asked > duration{0}; };
  if (!outage_ || std::any_of(leases_.begin(), leases_.end(), open)) return;
  outage_ = false;
  for (const auto& [name, n] : nodes_)
    for (const auto& [holder, said] : n.newest) {
      leases_granted grant{name, said.seq, {}, holder};
      for (const auto fence : said.fences) {
        const auto found = leases_.find(fence);
        if (found == leases_.end() || found->second.node != name) continue;
        auto& lease = found->second;
        lease.ends = std::max(lease.ends, granters_end(now, lease.length));
        grant.lengths.emplace_back(fence, lease.length);
      }
      if (!grant.lengths.empty()) out.push_back(std::move(grant));
    }
}

void membership::lengthen(fence_t fence, held_lease& lease, duration length, time_point now, membership_effects& out) {
  length = std::max(length, lease.asked);
  if (length <= lease.length) return;
  if (length == lease.asked && now - lease.asked_at < how_.resend) return;
  lease.asked = length;
  lease.asked_at = now;
  out.push_back(extend_lease{lease.id, fence, length});
}

/// Later than the holder's end of the same lease.
time_point membership::granters_end(time_point now, duration length) const {
  if (mutation("requeue-before-lease-end")) return now + length / 4;
  return now + length + how_.slack;
}

duration membership::due_length(const held_lease& lease, time_point now) const {
  auto length = how_.first;
  while (length <= now - lease.began && length < how_.max) length = std::min(length * 2, how_.max);
  return length;
}

/// The age at which a lease gets this length; zero for one that no age gives, such as that of a planned stop.
duration membership::least_age(duration length) const {
  duration age{0};
  auto step = how_.first;
  while (step < length && step < how_.max) {
    age = step;
    step = std::min(step * 2, how_.max);
  }
  return step == length ? age : duration{0};
}

/// This process did not run for a while: what it did not hear is not the nodes' silence.
void membership::give_everyone_a_round(time_point now) {
  for (auto& [name, n] : nodes_)
    if (!n.lost) n.heard = now;
  for (auto& [fence, lease] : leases_) lease.ends = std::max(lease.ends, now + how_.silence);
}

} // namespace fabric::scheduler
