#include "tests/libfabric/lane/lane_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::lane;

namespace {

struct opened : lane_fixture {
  opened() {
    how.page = 2;
    epoch = 3;
    boot();
    tell(open{});
    store::answer reply;
    reply.epoch = 3;
    tell(answered{asks<store::open_lane>().at(0).first, reply});
  }
};

} // namespace

TEST_CASE("a lane opens, loads page by page and then serves") {
  opened f;
  CHECK(f.all<load_page>().at(0).after == 0);
  CHECK(f.all<load_page>().at(0).limit == 2);
  f.tell(page{{{f.row(1), f.row(4)}, 0, false}, {}});
  CHECK(f.all<load_page>().at(0).after == 4);
  CHECK_FALSE(f.m->report(f.now).serving);
  f.tell(page{{{f.row(9)}, 0, true}, {}});
  CHECK(f.m->report(f.now).serving);
  CHECK(f.m->report(f.now).ready == 3);
  CHECK(f.m->report(f.now).epoch == 3);
}

TEST_CASE("a repeated page and a page of another question do not end the loading") {
  opened f;
  f.tell(page{{{f.row(1), f.row(4)}, 0, false}, {}});
  f.tell(page{{{f.row(1), f.row(4)}, 0, true}, {}});
  CHECK_FALSE(f.m->report(f.now).serving);
  f.tell(page{{{f.row(9)}, 0, true}, job_id{8}});
  CHECK_FALSE(f.m->report(f.now).serving);
}

TEST_CASE("an unanswered page is asked again") {
  opened f;
  f.after(f.how.resend);
  CHECK(f.all<load_page>().size() == 1);
}

TEST_CASE("of feed and page the newer version wins, and what is gone stays gone") {
  opened f;
  auto newer = f.row(1, 5);
  newer.version = 3;
  auto gone = f.row(2);
  gone.version = 2;
  f.feed_rows({newer});
  f.feed_gone(gone);
  f.tell(page{{{f.row(1), f.row(2), f.row(3)}, 0, true}, {}});
  f.tell(wanted{f.wants(5)});
  CHECK(f.leased() == std::vector<job_id>{1, 3});
  CHECK(f.asks<store::lease>().at(0).second.version == 3);
}

TEST_CASE("what workers say before the lane serves is kept, of wants the newest") {
  opened f;
  f.tell(wanted{f.wants(5, 1)});
  f.tell(wanted{f.wants(2, 2)});
  f.tell(ended{f.end_of(7, 4, outcome::succeeded), "a1"});
  CHECK(f.out.empty());
  f.tell(page{{{f.row(1), f.row(2), f.row(3), f.running(4, 7)}, 0, true}, {}});
  CHECK(f.leased() == std::vector<job_id>{1, 2});
  CHECK(f.asks<store::end>().at(0).second.how.how == outcome::succeeded);
}

TEST_CASE("membership is told of every running row that was loaded, with its stored lease") {
  opened f;
  auto row = f.running(4, 7);
  row.lease = 60s;
  f.tell(page{{{row}, 0, true}, {}});
  CHECK(f.all<lease_began>().at(0).fence == 7);
  CHECK(f.all<lease_began>().at(0).length == 60s);
}

TEST_CASE("a gap in the feed makes the lane open again; a repeat of the feed does nothing") {
  lane_fixture f;
  f.serve();
  f.feed_rows({f.row(1)});
  f.tell(feed{{{"fast", 1, 1, false, f.row(1)}}});
  CHECK(f.out.empty());
  f.seq += 1;
  f.feed_rows({f.row(3)});
  CHECK(f.asks<store::open_lane>().size() == 1);
  CHECK_FALSE(f.m->report(f.now).serving);
}

TEST_CASE("a batch with changes of two epochs is no gap, and what the new one tells is not missed") {
  lane_fixture f; // The batch: submit, open_lane, submit.
  f.serve();
  f.feed_rows({f.row(1)});
  f.boot();
  f.tell(open{});
  const auto before = store::lane_change{"fast", 1, 2, false, f.row(2)};
  const auto since = store::lane_change{"fast", 2, 1, false, f.row(3)};
  store::answer reply;
  reply.epoch = 2;
  f.tell(answered{f.asks<store::open_lane>().at(0).first, reply});
  f.tell(feed{{before, since}});
  CHECK(f.asks<store::open_lane>().empty());
  f.tell(page{{{f.row(1), f.row(2)}, 1, true}, {}});
  CHECK(f.m->report(f.now).ready == 3);
  f.tell(feed{{before, {"fast", 2, 2, false, f.row(4)}}});
  CHECK(f.m->report(f.now).ready == 4);
}

TEST_CASE("a change of a newer epoch makes the lane open again: its question was answered twice") {
  lane_fixture f;
  f.serve();
  f.tell(feed{{{"fast", 2, 1, false, f.row(1)}}});
  CHECK(f.asks<store::open_lane>().size() == 1);
}

TEST_CASE("an operation refused for an old epoch makes the lane open again, and its end is asked again") {
  lane_fixture f;
  f.serve();
  f.tell(wanted{f.wants(1)});
  const auto fence = f.run_one(1);
  f.tell(ended{f.end_of(fence, 1, outcome::succeeded), "a1"});
  f.refuse(f.asks<store::end>().at(0).first, errc::stale, "epoch");
  store::answer reply;
  reply.epoch = 2;
  f.tell(answered{f.asks<store::open_lane>().at(0).first, reply});
  f.tell(page{{{f.running(1, fence)}, 0, true}, {}});
  REQUIRE(f.asks<store::end>().size() == 1);
  CHECK(f.asks<store::end>()[0].second.epoch == 2);
  CHECK(f.asks<store::end>()[0].second.fence == fence);
}

TEST_CASE("an unanswered open is repeated") {
  lane_fixture f;
  f.boot();
  f.tell(open{});
  f.after(f.how.resend);
  CHECK(f.asks<store::open_lane>().size() == 1);
}

TEST_CASE("an end that was decided while the lane was opened is asked again under the new epoch") {
  lane_fixture f;
  f.serve({f.running(1, 7)});
  f.tell(wanted{f.wants(1)}); // The node does not hold it.
  f.seq += 1;
  f.feed_rows({f.row(3)}); // A gap.
  const auto opening = f.asks<store::open_lane>().at(0).first;
  f.after(f.how.doubt);
  CHECK(f.asks<store::end>().at(0).second.epoch == 1);
  store::answer reply;
  reply.epoch = 2;
  f.tell(answered{opening, reply});
  f.tell(page{{{f.running(1, 7)}, 0, true}, {}});
  REQUIRE(f.asks<store::end>().size() == 1);
  CHECK(f.asks<store::end>()[0].second.epoch == 2);
}

TEST_CASE("a lane that opens again tells membership what still runs: it may be another one since") {
  opened f;
  f.tell(page{{{f.running(1, 5), f.row(2)}, 0, true}, {}});
  REQUIRE(f.all<lease_began>().size() == 1);
  f.tell(open{});
  store::answer reply;
  reply.epoch = 4;
  f.tell(answered{f.asks<store::open_lane>().at(0).first, reply});
  f.tell(page{{{f.running(1, 5), f.row(2)}, 0, true}, {}});
  const auto told = f.all<lease_began>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].fence == 5);
  CHECK(told[0].length == duration{15s});
  CHECK(f.m->report(f.now).running == 1);
}
