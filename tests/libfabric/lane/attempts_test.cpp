#include "tests/libfabric/lane/lane_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::lane;

namespace {

struct one_slot : lane_fixture {
  using lane_fixture::lane_fixture;
  one_slot() {
    serve();
    tell(wanted{wants(1)});
  }
};

} // namespace

TEST_CASE("a start is repeated until it is answered") {
  one_slot f;
  f.feed_rows({f.row(1)});
  const auto fence = f.lease_ok();
  f.after(f.how.resend);
  CHECK(f.all<tell_start>().size() == 1);
  f.tell(started{{fence, 0s}});
  f.after(f.how.resend - 1s);
  CHECK(f.all<tell_start>().empty());
}

TEST_CASE("the budget counts from process start as the runner measured it, never early") {
  one_slot f;
  f.feed_rows({f.row(1)});
  const auto fence = f.lease_ok();
  f.now += 2s;
  f.tell(started{{fence, 1500ms}});
  f.after(8499ms);
  CHECK(f.all<tell_stop>().empty());
  f.after(1ms);
  REQUIRE(f.all<tell_stop>().size() == 1);
  CHECK(f.all<tell_stop>()[0].order.why == stop_reason::budget);
  CHECK(f.all<tell_stop>()[0].order.grace == f.how.grace);
  f.after(f.how.resend);
  CHECK(f.all<tell_stop>().size() == 1); // Until it ended.
}

TEST_CASE("a demoted attempt ends with the move that was decided when its budget ran out") {
  one_slot f;
  const auto fence = f.run_one(1);
  f.after(10s);
  f.tell(ended{f.end_of(fence, 1, outcome::demoted, stop_reason::budget), "a1"});
  const auto op = f.asks<store::end>().at(0).second;
  CHECK(op.how.how == outcome::demoted);
  CHECK(op.decision.move_to == "slow");
  CHECK(op.decision.lane_count == 2);
}

TEST_CASE("without a lane to go to, over budget is timed out and backs off") {
  lane_fixture f;
  f.policy = *policy::make_policy("fast-first", {{"fast", 10s, {}, {}, true}}, {});
  f.how.classes["work"].retry.jitter = 0;
  f.serve();
  f.tell(wanted{f.wants(1)});
  const auto fence = f.run_one(1);
  f.after(10s);
  CHECK(f.all<tell_stop>().at(0).order.why == stop_reason::budget);
  f.tell(ended{f.end_of(fence, 1, outcome::demoted, stop_reason::budget), "a1"});
  const auto op = f.asks<store::end>().at(0).second;
  CHECK(op.how.how == outcome::timed_out);
  CHECK(op.decision.move_to.empty());
  CHECK(op.decision.retry_after == 1s);
}

TEST_CASE("the policy may extend a budget") {
  struct patient : policy::lane_policy {
    std::string place(const policy::job_facts&, const policy::view&, double) const override { return "fast"; }
    policy::timeout_decision on_timeout(const policy::job_facts&, const std::string&,
                                        const policy::view&) const override {
      return {policy::timeout_decision::kind::extend, {}, {}, 3s};
    }
    std::vector<std::string> overflow(const std::string&, const policy::view&) const override { return {}; }
  };
  lane_fixture f;
  f.policy = std::make_shared<patient>();
  f.serve();
  f.tell(wanted{f.wants(1)});
  f.run_one(1);
  f.after(10s);
  CHECK(f.all<tell_stop>().empty());
  REQUIRE(f.m->wake_at());
  CHECK(*f.m->wake_at() <= f.now + 3s);
  f.after(2999ms);
  CHECK(f.all<tell_stop>().empty());
}

TEST_CASE("an end is forgotten by the node only when the store has answered") {
  one_slot f;
  const auto fence = f.run_one(1);
  f.tell(ended{f.end_of(fence, 1, outcome::succeeded), "a1"});
  CHECK(f.all<tell_forget>().empty());
  const auto ticket = f.asks<store::end>().at(0).first;
  f.tell(ended{f.end_of(fence, 1, outcome::succeeded), "a1"});
  CHECK(f.all<ask_store>().empty()); // A repeat: it is being asked.
  f.ok(ticket);
  CHECK(f.all<tell_forget>().at(0).fence == fence);
  CHECK(f.all<lease_closed>().at(0).fence == fence);
  CHECK(f.all<finished>().at(0).how == outcome::succeeded);
}

TEST_CASE("an end that the store calls stale is forgotten, too, and not counted as finished") {
  one_slot f;
  const auto fence = f.run_one(1);
  f.tell(ended{f.end_of(fence, 1, outcome::succeeded), "a1"});
  f.refuse(f.asks<store::end>().at(0).first, errc::stale);
  CHECK(f.all<tell_forget>().size() == 1);
  CHECK(f.all<lease_closed>().size() == 1);
  CHECK(f.all<finished>().empty());
}

TEST_CASE("an end that found no space is asked again") {
  one_slot f;
  const auto fence = f.run_one(1);
  f.tell(ended{f.end_of(fence, 1, outcome::succeeded), "a1"});
  f.refuse(f.asks<store::end>().at(0).first, errc::disk_full);
  CHECK(f.all<tell_forget>().empty());
  f.after(f.how.resend);
  CHECK(f.asks<store::end>().at(0).second.fence == fence);
}

TEST_CASE("an end of an unknown fence is judged by the store, then forgotten") {
  one_slot f;
  f.tell(ended{f.end_of(77, 5, outcome::succeeded), "a9"});
  const auto [ticket, op] = f.asks<store::end>().at(0);
  CHECK(op.id == 5);
  CHECK(op.fence == 77);
  f.tell(ended{f.end_of(77, 5, outcome::succeeded), "a9"});
  CHECK(f.all<ask_store>().empty());
  f.refuse(ticket, errc::stale);
  CHECK(f.all<tell_forget>().at(0).node == "a9");
}

TEST_CASE("a refused start costs nothing, and the node is not asked again before its next want") {
  one_slot f;
  f.feed_rows({f.row(1)});
  const auto fence = f.lease_ok();
  f.tell(refused{{fence, "draining"}});
  const auto [ticket, op] = f.asks<store::end>().at(0);
  CHECK(op.how.how == outcome::drained);
  CHECK_FALSE(op.how.started);
  f.ok(ticket);
  auto again = f.row(1);
  again.version = 3;
  f.feed_rows({again});
  CHECK(f.leased().empty());
  f.tell(wanted{f.wants(1, 2)});
  CHECK(f.leased() == std::vector<job_id>{1});
}

TEST_CASE("a lease that ended makes its attempt lost, and stops it") {
  one_slot f;
  const auto fence = f.run_one(1);
  f.tell(lease_over{fence});
  CHECK(f.all<tell_stop>().at(0).order.why == stop_reason::lease);
  const auto op = f.asks<store::end>().at(0).second;
  CHECK(op.how.how == outcome::lost);
  CHECK(op.how.started);
  f.tell(lease_over{4711});
  CHECK(f.all<lease_closed>().at(0).fence == 4711);
}

TEST_CASE("a cancelled attempt is stopped, one not yet started is ended at once") {
  one_slot f;
  const auto fence = f.run_one(1);
  auto asked = f.running(1, fence);
  asked.version = 3;
  asked.cancel_requested = true;
  f.feed_rows({asked});
  CHECK(f.all<tell_stop>().at(0).order.why == stop_reason::cancel);

  one_slot g; // The feed comes before the answer to the lease.
  g.feed_rows({g.row(1)});
  const auto [ticket, op] = g.asks<store::lease>().at(0);
  auto early = g.running(1, 1);
  early.version = 2;
  early.cancel_requested = true;
  g.feed_rows({early});
  CHECK(g.all<tell_stop>().empty());
  g.lease_ok(ticket, op);
  CHECK(g.all<tell_start>().empty());
  CHECK(g.asks<store::end>().at(0).second.how.how == outcome::cancelled);
}

TEST_CASE("a lease told by the feed first is started once its answer comes, in one slot") {
  one_slot f;
  f.feed_rows({f.row(1)});
  const auto [ticket, op] = f.asks<store::lease>().at(0);
  auto row = f.running(1, 1);
  row.version = 2;
  f.feed_rows({row});
  CHECK(f.m->report(f.now).busy == 1);
  f.lease_ok(ticket, op);
  CHECK(f.all<tell_start>().size() == 1);
  CHECK(f.all<lease_began>().empty()); // Told with the feed.
  CHECK(f.m->report(f.now).busy == 1);
}

TEST_CASE("a lease whose answer was lost is given back uncounted: no start has left") {
  one_slot f;
  f.feed_rows({f.row(1)});
  const auto ticket = f.asks<store::lease>().at(0).first;
  auto row = f.running(1, 1);
  row.version = 2;
  f.feed_rows({row});
  f.after(f.how.resend);
  f.refuse(ticket, errc::stale);
  const auto op = f.asks<store::end>().at(0).second;
  CHECK(op.how.how == outcome::lost);
  CHECK_FALSE(op.how.started);
}

TEST_CASE("a budget does not run before the process has started") {
  one_slot f;
  f.feed_rows({f.row(1)});
  const auto fence = f.lease_ok();
  f.now += 1s;
  auto holds = f.wants(1, 2);
  holds.held.push_back({fence, 1, 1, 0s, {}}); // Taken, not started.
  f.tell(wanted{holds});
  f.now += 6s;
  f.tell(started{{fence, 0s}});
  f.after(9999ms);
  CHECK(f.all<tell_stop>().empty());
  f.after(1ms);
  CHECK(f.all<tell_stop>().size() == 1);
}

namespace {

store::lane_entry cancelled_row(const lane_fixture& f, job_id id, fence_t fence) {
  auto e = f.running(id, fence);
  e.version = 3;
  e.cancel_requested = true;
  return e;
}

} // namespace

TEST_CASE("a cancelled attempt whose start never left ends at once, and no start follows") {
  one_slot f;
  f.feed_rows({f.row(1)});
  const auto [ticket, lease] = f.asks<store::lease>().at(0);
  f.tell(node_gone{"a1", 1});
  const auto fence = f.lease_ok(ticket, lease);
  CHECK(f.all<tell_start>().empty());
  f.feed_rows({cancelled_row(f, 1, fence)});
  CHECK(f.all<tell_stop>().empty());
  CHECK(f.asks<store::end>().at(0).second.how.how == outcome::cancelled);
  CHECK_FALSE(f.asks<store::end>()[0].second.how.started);
  f.tell(wanted{f.wants(1, 2)});
  CHECK(f.all<tell_start>().empty());
}

TEST_CASE("the start of a cancelled attempt is not said again, and one that never arrived is given up") {
  one_slot f;
  f.feed_rows({f.row(1)});
  const auto fence = f.lease_ok();
  f.feed_rows({cancelled_row(f, 1, fence)});
  CHECK(f.all<tell_stop>().at(0).order.why == stop_reason::cancel);
  f.after(f.how.resend);
  CHECK(f.all<tell_start>().empty());
  CHECK(f.all<tell_stop>().size() == 1);
  f.tell(wanted{f.wants(1, 2)});
  CHECK(f.all<tell_start>().empty());
  f.after(f.how.doubt);
  CHECK(f.asks<store::end>().at(0).second.how.how == outcome::lost);
  CHECK_FALSE(f.asks<store::end>()[0].second.how.started);
}
