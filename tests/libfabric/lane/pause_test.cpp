#include "tests/libfabric/lane/lane_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::lane;

namespace {

feed news(lane_fixture& f, std::optional<lane_pause> pause) {
  store::lane_change change{f.how.name, f.epoch, ++f.seq, false, {}};
  change.pause = std::move(pause);
  return {{change}};
}

} // namespace

TEST_CASE("a paused lane leases nothing, and goes on with the best job when it is resumed") {
  lane_fixture f;
  f.serve();
  f.tell(wanted{f.wants(2)});
  const auto running = f.run_one(1);
  f.tell(news(f, lane_pause{f.now, no_time, "the disk is slow"}));
  CHECK(f.m->report(f.now).pause->reason == "the disk is slow");
  f.feed_rows({f.row(2), f.row(3, 5)});
  CHECK(f.leased().empty());
  f.tell(ended{f.end_of(running, 1, outcome::succeeded)}); // What runs goes on to its end.
  CHECK(f.asks<store::end>().size() == 1);
  CHECK(f.leased().empty());
  f.tell(news(f, std::nullopt));
  CHECK_FALSE(f.m->report(f.now).pause);
  CHECK(f.leased() == std::vector<job_id>{3, 2});
}

TEST_CASE("a running attempt of a paused lane is still held to the budget") {
  lane_fixture f;
  f.serve();
  f.tell(wanted{f.wants(1)});
  f.run_one(1);
  f.tell(news(f, lane_pause{f.now, no_time, "why"}));
  f.after(*f.how.budget);
  CHECK(f.all<tell_stop>().size() == 1);
}

TEST_CASE("a paused lane neither offers its slots nor gives jobs away, but sends guests home") {
  lane_fixture fast{"slow-first"};
  fast.serve();
  fast.tell(wanted{fast.wants(2)});
  CHECK(fast.all<offer>().at(0).slots == 2);
  fast.tell(news(fast, lane_pause{fast.now, no_time, "why"}));
  CHECK(fast.all<offer>().at(0).slots == 0);
  auto guest = fast.row(9);
  guest.overflow_from = "slow";
  fast.feed_rows({guest});
  CHECK(fast.asks<store::move>().at(0).second.to_lane == "slow");

  lane_fixture slow{"slow-first", "slow"};
  slow.serve({slow.row(1), slow.row(2)});
  slow.tell(news(slow, lane_pause{slow.now, no_time, "why"}));
  slow.tell(offered{"fast", (1ull << 32) + 1, 2, 0, {"work"}});
  CHECK(slow.asks<store::move>().empty());
  slow.tell(news(slow, std::nullopt));
  CHECK(slow.asks<store::move>().size() == 2);
}

TEST_CASE("a pause ends by itself, and only the one that was meant") {
  lane_fixture f;
  f.serve();
  f.tell(wanted{f.wants(1)});
  const auto since = f.now;
  f.tell(news(f, lane_pause{since, f.now + 10s, "why"}));
  f.after(10s);
  auto asked = f.asks<store::set_pause>();
  REQUIRE(asked.size() == 1);
  CHECK_FALSE(asked[0].second.wished);
  CHECK(asked[0].second.only_since == since);
  f.refuse(asked[0].first, errc::disk_full); // The wish to end it is not lost.
  f.after(f.how.resend);
  asked = f.asks<store::set_pause>();
  REQUIRE(asked.size() == 1);
  f.tell(news(f, lane_pause{f.now, no_time, "again"})); // Somebody was quicker.
  f.refuse(asked[0].first, errc::wrong_state);
  f.after(std::chrono::hours{1});
  CHECK(f.asks<store::set_pause>().empty());
  CHECK(f.m->report(f.now).pause->reason == "again");
}

TEST_CASE("a lane that opens learns of its pause") {
  lane_fixture f;
  f.boot();
  f.tell(open{});
  store::answer reply;
  reply.epoch = 1;
  reply.pause = lane_pause{f.now, f.now + 5s, "why"};
  f.tell(answered{f.asks<store::open_lane>().at(0).first, reply});
  f.tell(page{{{f.row(1)}, 0, true}, {}});
  f.tell(wanted{f.wants(1)});
  CHECK(f.leased().empty());
  f.after(5s);
  CHECK(f.asks<store::set_pause>().size() == 1);
}

TEST_CASE("a pause whose time was over while the lane was away ends as soon as it serves") {
  lane_fixture f;
  f.boot();
  f.tell(open{});
  store::answer reply;
  reply.epoch = 1;
  reply.pause = lane_pause{f.now - 10s, f.now - 5s, "why"};
  f.tell(answered{f.asks<store::open_lane>().at(0).first, reply});
  f.tell(page{{{}, 0, true}, {}});
  f.after(f.how.resend);
  CHECK(f.asks<store::set_pause>().size() == 1);
}

TEST_CASE("a lane says from outside of its dispatch whether a ready job and a free slot are apart") {
  lane_fixture f;
  f.serve();
  f.tell(wanted{f.wants(1)});
  CHECK_FALSE(f.m->report(f.now).startable);
  f.feed_rows({f.row(1)});
  CHECK_FALSE(f.m->report(f.now).startable);
  CHECK(f.m->report(f.now).leasing == 1);
  f.refuse(f.asks<store::lease>().at(0).first, errc::disk_full);
  CHECK(f.m->report(f.now).startable); // The store takes no work.
  CHECK(f.m->report(f.now).leasing == 0);
  f.after(f.how.resend);
  f.lease_ok();
  CHECK_FALSE(f.m->report(f.now).startable);
  CHECK(f.m->report(f.now).granted == 1);
  f.feed_rows({f.row(2)});
  CHECK_FALSE(f.m->report(f.now).startable); // No slot is free.
}
