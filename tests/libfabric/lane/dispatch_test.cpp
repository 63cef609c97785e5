#include "tests/libfabric/lane/lane_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::lane;
using ids = std::vector<job_id>;

TEST_CASE("a lane leases by priority, then demoted jobs in their order, then by id") {
  lane_fixture f;
  auto second = f.row(5);
  second.demoted_order = 9;
  auto first = f.row(9);
  first.demoted_order = 4;
  f.serve({f.row(2), f.row(3), second, f.row(7, 10), first});
  f.tell(wanted{f.wants(5)});
  CHECK(f.leased() == ids{7, 9, 5, 2, 3});
}

TEST_CASE("without demoted_first demoted jobs keep the place of their id") {
  lane_fixture f;
  f.how.demoted_first = false;
  auto demoted = f.row(5);
  demoted.demoted_order = 1;
  f.serve({f.row(2), demoted, f.row(7)});
  f.tell(wanted{f.wants(3)});
  CHECK(f.leased() == ids{2, 5, 7});
}

TEST_CASE("a lane leases nothing ahead of its free slots") {
  lane_fixture f;
  f.serve({f.row(1), f.row(2), f.row(3)});
  f.tell(wanted{f.wants(2)});
  CHECK(f.leased() == ids{1, 2});
  f.tell(wanted{f.wants(2, 2)});
  CHECK(f.leased().empty());
  CHECK(f.m->report(f.now).busy == 2);
  CHECK(f.m->report(f.now).ready == 1);
}

TEST_CASE("a job goes only to a worker that can run its class, the one with most free slots") {
  lane_fixture f;
  auto other = f.row(1);
  other.job_class = "other";
  f.serve({other, f.row(2)});
  f.tell(wanted{f.wants(1, 1, "a1")});
  CHECK(f.leased() == ids{2});
  f.tell(wanted{f.wants(1, 1, "a2", {"other", "work"})});
  CHECK(f.asks<store::lease>().at(0).second.node == "a2");
  f.tell(wanted{f.wants(4, 1, "a3")});
  f.tell(wanted{f.wants(2, 1, "a4")});
  f.feed_rows({f.row(3)});
  CHECK(f.asks<store::lease>().at(0).second.node == "a3");
}

TEST_CASE("a more urgent job that no slot can run does not hold up the rest") {
  lane_fixture f;
  auto urgent = f.row(9, 0);
  urgent.job_class = "nobody runs this";
  f.serve({urgent, f.row(2)});
  f.tell(wanted{f.wants(1)});
  CHECK(f.leased() == ids{2});
}

TEST_CASE("a lease that the store commits is started with its input, and membership is told") {
  lane_fixture f;
  f.serve({f.row(1)});
  f.tell(wanted{f.wants(1, 4)});
  CHECK(f.all<tell_start>().empty()); // Not before the commit.
  const auto fence = f.lease_ok();
  const auto start = f.all<tell_start>().at(0);
  CHECK(start.node == "a1");
  CHECK(start.order.fence == fence);
  CHECK(start.order.input == "{}");
  CHECK(start.order.want_seq == 4);
  CHECK(start.order.lease == f.how.lease);
  CHECK(f.all<lease_began>().at(0).fence == fence);
}

TEST_CASE("an end and the next lease of its slot go out in one turn, the end first") {
  lane_fixture f;
  f.serve();
  f.tell(wanted{f.wants(1)});
  const auto fence = f.run_one(1);
  f.feed_rows({f.row(2)});
  CHECK(f.leased().empty());
  f.tell(ended{f.end_of(fence, 1, outcome::succeeded), "a1"});
  const auto asked = f.all<ask_store>();
  REQUIRE(asked.size() == 2);
  CHECK(std::holds_alternative<store::end>(asked[0].op));
  CHECK(std::get<store::lease>(asked[1].op).id == 2);
}

TEST_CASE("a lane does not ask for a scheduled job before run_at") {
  lane_fixture f;
  auto later = f.row(1, 1024, job_state::scheduled);
  later.run_at = f.now + 3s;
  f.serve({later});
  f.tell(wanted{f.wants(1)});
  CHECK(f.all<ask_store>().empty());
  CHECK(f.m->wake_at() == later.run_at);
  f.after(2999ms);
  CHECK(f.all<ask_store>().empty());
  f.after(1ms);
  CHECK(f.asks<store::due>().at(0).second.id == 1);
  CHECK(f.leased().empty());
  later.state = job_state::ready;
  later.version = 2;
  f.feed_rows({later});
  CHECK(f.leased() == ids{1});
}

TEST_CASE("an unanswered operation is repeated under its ticket") {
  lane_fixture f;
  f.serve({f.row(1)});
  f.tell(wanted{f.wants(1)});
  const auto ticket = f.asks<store::lease>().at(0).first;
  f.after(f.how.resend - 1ms);
  CHECK(f.all<ask_store>().empty());
  f.after(1ms);
  CHECK(f.asks<store::lease>().at(0).first == ticket);
  CHECK(f.asks<store::lease>().size() == 1);
}

TEST_CASE("a stale lease frees the slot, and the row is read when no feed tells more") {
  lane_fixture f;
  f.serve({f.row(1), f.row(2)});
  f.tell(wanted{f.wants(1)});
  f.refuse(f.asks<store::lease>().at(0).first, errc::stale);
  CHECK(f.leased() == ids{2});
  f.lease_ok();
  f.after(f.how.resend);
  REQUIRE(f.all<load_page>().size() == 1);
  CHECK(f.all<load_page>()[0].after == 0);
  CHECK(f.all<load_page>()[0].limit == 1);
  f.tell(page{{{f.row(2)}, 0, false}, {}}); // Job 1 is not in this lane any more.
  CHECK(f.m->report(f.now).ready == 0);
}

TEST_CASE("work refused for want of space keeps its place and is tried again later") {
  lane_fixture f;
  f.serve({f.row(1)});
  f.tell(wanted{f.wants(1)});
  f.refuse(f.asks<store::lease>().at(0).first, errc::disk_full);
  CHECK(f.leased().empty());
  CHECK(f.m->report(f.now).ready == 1);
  f.after(f.how.resend);
  CHECK(f.leased() == ids{1});
}

TEST_CASE("the slots of a node that fell silent vanish, unless it is back with another boot") {
  lane_fixture f;
  f.serve();
  f.tell(wanted{f.wants(1)});
  f.tell(node_gone{"a1", 7});
  CHECK(f.m->report(f.now).slots == 1);
  f.tell(node_gone{"a1", 1});
  CHECK(f.m->report(f.now).slots == 0);
  f.feed_rows({f.row(1)});
  CHECK(f.leased().empty());
}

TEST_CASE("the report knows how long the oldest ready job has waited") {
  lane_fixture f;
  f.serve({f.row(1)});
  f.now += 5s;
  f.feed_rows({f.row(2)});
  CHECK(f.m->report(f.now).oldest_wait == 5s);
  CHECK(f.m->report(f.now).ready == 2);
}

TEST_CASE("a job that was retried, given back or saved a checkpoint keeps its place before younger ones") {
  for (const auto how : {outcome::failed, outcome::drained, outcome::checkpointed}) {
    lane_fixture f;
    f.serve();
    f.tell(wanted{f.wants(1)});
    const auto fence = f.run_one(1);
    f.feed_rows({f.row(2), f.row(3)});
    f.tell(ended{f.end_of(fence, 1, how), "a1"});
    CHECK(f.leased() == std::vector<job_id>{2}); // The slot does not wait for it.
    const auto next = f.lease_ok();
    auto again = f.row(1);
    again.version = 5;
    f.feed_rows({again});
    f.tell(ended{f.end_of(next, 2, outcome::succeeded), "a1"});
    CHECK(f.leased() == std::vector<job_id>{1});
  }
}
