#include "tests/libfabric/lane/lane_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::lane;

TEST_CASE("a running row that its node holds is adopted with its run time, and demoted if over budget") {
  lane_fixture f;
  f.serve({f.running(1, 7)});
  auto w = f.wants(1);
  w.held.push_back({7, 1, 1, 12s, {}});
  f.tell(wanted{w});
  CHECK(f.all<tell_stop>().at(0).order.why == stop_reason::budget);
  CHECK(f.m->report(f.now).busy == 1);
}

TEST_CASE("a running row that its node does not hold is queued again, uncounted, unless its end comes first") {
  lane_fixture f;
  f.serve({f.running(1, 7), f.running(2, 8)});
  f.tell(wanted{f.wants(2)});
  CHECK(f.all<ask_store>().empty());
  f.tell(ended{f.end_of(8, 2, outcome::succeeded), "a1"});
  f.after(f.how.doubt);
  REQUIRE(f.asks<store::end>().size() == 1);
  CHECK(f.asks<store::end>()[0].second.fence == 7);
  CHECK(f.asks<store::end>()[0].second.how.how == outcome::lost);
  CHECK_FALSE(f.asks<store::end>()[0].second.how.started);
}

TEST_CASE("while the runner's list is not known no attempt is judged by it") {
  lane_fixture f;
  f.serve({f.running(1, 7)});
  auto w = f.wants(1);
  w.held_known = false;
  f.tell(wanted{w});
  f.after(1min);
  CHECK(f.asks<store::end>().empty());
}

// The granter counts from the commit; a holder that counted from a later want would outlive the lease (G3).
TEST_CASE("a start that may have crossed the want is said again, with the want before its lease") {
  lane_fixture f;
  f.serve({f.row(1)});
  f.tell(wanted{f.wants(1, 1)});
  f.lease_ok();
  f.tell(wanted{f.wants(1, 2)});
  CHECK(f.all<tell_start>().at(0).order.want_seq == 1);
  CHECK(f.asks<store::end>().empty());
}

TEST_CASE("an attempt that a restarted node no longer holds is lost, and counted since it had started") {
  lane_fixture f;
  f.serve();
  f.tell(wanted{f.wants(1, 9)});
  const auto fence = f.run_one(1);
  auto w = f.wants(1, 1);
  w.boot = 2;
  f.tell(wanted{w});
  f.after(f.how.doubt);
  CHECK(f.asks<store::end>().at(0).second.fence == fence);
  CHECK(f.asks<store::end>().at(0).second.how.started);
}

TEST_CASE("a held fence that the lane does not know is stopped once the store does not know it either") {
  lane_fixture f;
  f.serve();
  auto w = f.wants(1);
  w.held.push_back({99, 5, 1, 3s, {}});
  f.tell(wanted{w});
  CHECK(f.all<tell_stop>().empty());
  const auto [ticket, op] = f.asks<store::look>().at(0);
  CHECK((op.id == 5 && op.fence == 99));
  f.refuse(ticket, errc::stale);
  CHECK(f.all<tell_stop>().at(0).order.fence == 99);
  CHECK(f.all<tell_stop>().at(0).order.why == stop_reason::unknown);
  CHECK(f.all<tell_stop>().at(0).order.grace == 0s);
}

TEST_CASE("a held fence that runs in another lane by now is left alone") {
  lane_fixture f;
  f.serve();
  auto w = f.wants(1);
  w.held.push_back({99, 5, 1, 3s, {}});
  f.tell(wanted{w});
  const auto ticket = f.asks<store::look>().at(0).first;
  w.seq = 2;
  f.tell(wanted{w});
  CHECK(f.asks<store::look>().empty()); // Asked already.
  f.ok(ticket);
  CHECK(f.all<tell_stop>().empty());
  CHECK(f.all<lease_closed>().empty());
}

TEST_CASE("an older want of the same boot changes nothing") {
  lane_fixture f;
  f.serve();
  f.tell(wanted{f.wants(3, 5)});
  f.tell(wanted{f.wants(1, 4)});
  CHECK(f.m->report(f.now).slots == 3);
}

TEST_CASE("an attempt that is given up by doubt is stopped, should its start arrive after all") {
  lane_fixture f;
  f.serve({f.running(1, 7)});
  f.tell(wanted{f.wants(1)});
  f.after(f.how.doubt);
  REQUIRE(f.all<tell_stop>().size() == 1);
  CHECK(f.all<tell_stop>()[0].order.fence == 7);
  CHECK(f.all<tell_stop>()[0].order.why == stop_reason::unknown);
}

// A store that was put back gives fences again; a node that was away may still hold one of before.
TEST_CASE("what another node says of a fence is not about the attempt that has it now") {
  lane_fixture f;
  f.serve();
  f.tell(wanted{f.wants(1)});
  const auto fence = f.run_one(1);
  SECTION("it holds one") {
    auto w = f.wants(1);
    w.node = "b1";
    w.worker = "fast@b1";
    w.held.push_back({fence, 1, 1, 3s, {}});
    f.tell(wanted{w});
    REQUIRE(f.all<tell_stop>().size() == 1);
    CHECK(f.all<tell_stop>()[0].node == "b1");
    CHECK(f.all<tell_stop>()[0].order.why == stop_reason::unknown);
  }
  SECTION("it tells its end") {
    f.tell(ended{f.end_of(fence, 1, outcome::succeeded), "b1"});
    CHECK(f.asks<store::end>().empty());
    REQUIRE(f.all<tell_forget>().size() == 1);
    CHECK(f.all<tell_forget>()[0].node == "b1");
    CHECK(f.all<lane::alarm>().at(0).kind == "stale_end");
  }
  SECTION("it is the same node, with an attempt of another job") {
    f.tell(ended{f.end_of(fence, 9, outcome::succeeded), "a1"});
    CHECK(f.asks<store::end>().empty());
    CHECK(f.all<tell_forget>().at(0).node == "a1");
  }
  SECTION("it refuses a start, or does not have it") {
    f.tell(refused{{fence, "draining"}, "b1"});
    f.tell(absent{{fence}, "b1"});
    CHECK(f.asks<store::end>().empty());
  }
  CHECK(f.m->report(f.now).busy == 1);
  f.tell(ended{f.end_of(fence, 1, outcome::succeeded), "a1"});
  CHECK(f.asks<store::end>().at(0).second.node == "a1");
}

TEST_CASE("a held fence that runs on another node is stopped, in whatever lane it runs there") {
  lane_fixture f;
  f.serve();
  auto w = f.wants(1);
  w.held.push_back({99, 5, 1, 3s, {}});
  f.tell(wanted{w});
  store::answer reply;
  reply.id = 5;
  reply.row = job{};
  reply.row->lane = "slow";
  reply.row->node = "b1";
  f.tell(answered{f.asks<store::look>().at(0).first, reply});
  REQUIRE(f.all<tell_stop>().size() == 1);
  CHECK(f.all<tell_stop>()[0].node == "a1");
}
