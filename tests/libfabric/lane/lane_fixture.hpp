#pragma once

#include "fabric/lane/lane.hpp"
#include "fabric/policy/registry.hpp"

#include <algorithm>
#include <string>
#include <vector>

/// One lane machine under test: events go in by hand, the effects of the last turn are looked at.
namespace fabric::lane {

struct lane_fixture {
  settings how;
  std::shared_ptr<policy::lane_policy> policy;
  std::unique_ptr<machine> m;
  effects out;
  time_point now{std::chrono::hours{1}};
  std::uint64_t epoch = 1; ///< Of the feed.
  std::uint64_t seq = 0;   ///< Of the feed.
  fence_t last_fence = 0;  ///< Given by lease answers.

  explicit lane_fixture(std::string policy_name = "fast-first", std::string lane = "fast") {
    how.name = lane;
    how.lane_count = 2;
    if (lane == "fast") how.budget = 10s;
    policy = *policy::make_policy(policy_name, {{"fast", 10s, {}, {}, false}, {"slow", {}, {}, {}, false}}, {});
  }

  void boot() { m = std::make_unique<machine>(how, policy, 1); }

  const effects& tell(event what) {
    out = m->handle(what, now);
    return out;
  }
  const effects& after(duration d) {
    now += d;
    return tell(tick{});
  }

  template <class Effect> std::vector<Effect> all() const {
    std::vector<Effect> found;
    for (const auto& e : out)
      if (const auto* one = std::get_if<Effect>(&e)) found.push_back(*one);
    return found;
  }
  template <class Op> std::vector<std::pair<std::uint64_t, Op>> asks() const {
    std::vector<std::pair<std::uint64_t, Op>> found;
    for (const auto& e : all<ask_store>())
      if (const auto* op = std::get_if<Op>(&e.op)) found.emplace_back(e.ticket, *op);
    return found;
  }

  /// Opens with these rows as the only page.
  void serve(std::vector<store::lane_entry> rows = {}) {
    if (!m) boot();
    tell(open{});
    const auto ticket = asks<store::open_lane>().at(0).first;
    store::answer reply;
    reply.epoch = 1;
    tell(answered{ticket, reply});
    tell(page{{std::move(rows), 0, true}, {}});
    seq = 0;
  }

  static store::lane_entry row(job_id id, std::uint32_t priority = 1024, job_state state = job_state::ready) {
    store::lane_entry e;
    e.id = id;
    e.version = 1;
    e.state = state;
    e.priority = priority;
    e.job_class = "work";
    return e;
  }
  static store::lane_entry running(job_id id, fence_t fence, std::string node = "a1") {
    auto e = row(id, 1024, job_state::running);
    e.fence = fence;
    e.node = std::move(node);
    e.lease = 15s;
    return e;
  }

  const effects& feed_rows(std::vector<store::lane_entry> rows) {
    feed f;
    for (auto& r : rows) f.changes.push_back({how.name, epoch, ++seq, false, std::move(r)});
    return tell(f);
  }
  const effects& feed_gone(store::lane_entry e) { return tell(feed{{{how.name, epoch, ++seq, true, std::move(e)}}}); }

  static want wants(std::uint32_t slots, std::uint64_t n = 1, std::string node = "a1",
                    std::vector<std::string> classes = {"work"}) {
    want w;
    w.node = node;
    w.worker = "fast@" + node;
    w.boot = 1;
    w.seq = n;
    w.slots = slots;
    w.classes = std::move(classes);
    w.held_known = true;
    return w;
  }

  /// Answers the lease asked in the last turn, as the store would, without the feed.
  fence_t lease_ok(std::size_t index = 0) {
    const auto [ticket, op] = asks<store::lease>().at(index);
    return lease_ok(ticket, op);
  }
  fence_t lease_ok(std::uint64_t ticket, const store::lease& op) {
    store::answer reply;
    reply.id = op.id;
    reply.input = "{}";
    job j;
    j.id = op.id;
    j.job_class = "work";
    j.lane = how.name;
    j.state = job_state::running;
    j.version = op.version + 1;
    j.fence = ++last_fence;
    j.attempt = 1;
    j.node = op.node;
    j.lease = op.length;
    reply.row = j;
    tell(answered{ticket, reply});
    return last_fence;
  }
  const effects& ok(std::uint64_t ticket) { return tell(answered{ticket, {}}); }
  const effects& refuse(std::uint64_t ticket, errc code, std::string where = {}) {
    store::answer reply;
    reply.failure = error{code, "no", std::move(where)};
    return tell(answered{ticket, reply});
  }
  /// Feeds a job, leases and starts it; returns its fence.
  fence_t run_one(job_id id) {
    feed_rows({row(id)});
    const auto fence = lease_ok();
    tell(started{{fence, 0s}});
    return fence;
  }
  static attempt_ended end_of(fence_t fence, job_id id, outcome as, stop_reason stopped = stop_reason::none) {
    attempt_ended e;
    e.fence = fence;
    e.job = id;
    e.stopped = stopped;
    e.end.how = as;
    e.end.started = true;
    return e;
  }
  std::vector<job_id> leased() const {
    std::vector<job_id> ids;
    for (const auto& [ticket, op] : asks<store::lease>()) ids.push_back(op.id);
    return ids;
  }
};

} // namespace fabric::lane
