#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

#define BOTH_STORES GENERATE(kind::memory, kind::sqlite)

TEST_CASE("a lane's feed counts from 1 since its epoch was opened, without gaps", "[store]") {
  bench b(BOTH_STORES);
  std::uint64_t seen = 0;
  const auto follow = [&] {
    for (const auto& change : b.last.changes)
      if (change.lane == "fast") CHECK(change.seq == ++seen);
  };
  const auto id = b.add();
  follow();
  const auto leased = *b.take(id).row;
  follow();
  b.apply({submission(), submission("slow"), submission()});
  follow();
  b.finish(leased, outcome::demoted);
  follow();
  CHECK(seen == 5);
  CHECK(must(b.store->load_lane("fast", 0, 10)).seq == 5);
  b.fast = b.one(open_lane{"fast"}).epoch;
  b.add();
  CHECK(b.last.changes.at(0).seq == 1);
}

TEST_CASE("a page holds a lane's live jobs, ascending, and says whether it is the last", "[store]") {
  bench b(BOTH_STORES);
  for (int i = 0; i < 7; ++i) b.add();
  b.add("slow");
  b.take(3);
  b.finish(*b.take(4).row, outcome::succeeded);
  auto delayed = submission();
  delayed.spec.delay = 1s;
  b.one(delayed);
  auto page = must(b.store->load_lane("fast", 0, 4));
  REQUIRE(page.entries.size() == 4);
  CHECK(page.entries[2].id == 3);
  CHECK(page.entries[2].state == job_state::running);
  CHECK(page.entries[2].fence == 1);
  CHECK(page.entries[2].node == "a1");
  CHECK(page.entries[2].attempt == 1);
  CHECK(page.entries[3].id == 5);
  CHECK_FALSE(page.last);
  page = must(b.store->load_lane("fast", 5, 3));
  REQUIRE(page.entries.size() == 3);
  CHECK(page.entries[2].state == job_state::scheduled);
  CHECK(page.last);
  CHECK(must(b.store->load_lane("none", 0, 3)).entries.empty());
  CHECK(must(b.store->load_lane("none", 0, 3)).last);
}

TEST_CASE("an overflow moves a ready job and remembers where from; the hand-back returns it", "[store]") {
  bench b(BOTH_STORES);
  const auto id = b.add("slow");
  CHECK_FALSE(b.one(move{id, 1, "slow", b.slow, "fast", true}).failure);
  CHECK(b.row(id).lane == "fast");
  CHECK(b.row(id).overflow_from == "slow");
  CHECK(b.last.changes.size() == 2);
  CHECK(b.last.events.at(0).kind == "moved");
  CHECK(b.one(move{id, 1, "slow", b.slow, "fast", true}).failure.value().code == errc::stale);
  CHECK_FALSE(b.one(move{id, 2, "fast", b.fast, "slow", false}).failure);
  CHECK(b.row(id).lane == "slow");
  CHECK(b.row(id).overflow_from.empty());
  CHECK(b.logged() == std::vector<std::string>{"moved", "moved"});
}

TEST_CASE("a scheduled job becomes ready when its time has come, not before", "[store]") {
  bench b(BOTH_STORES);
  auto op = submission();
  op.spec.delay = 5s;
  const auto id = b.one(op).id;
  b.now += 4s;
  CHECK(b.one(due{id, 1, "fast", b.fast}).failure.value().code == errc::wrong_state);
  b.now += 1s;
  CHECK_FALSE(b.one(due{id, 1, "fast", b.fast}).failure);
  CHECK(b.row(id).state == job_state::ready);
  CHECK(b.one(due{id, 1, "fast", b.fast}).failure.value().code == errc::stale);
}

TEST_CASE("a cancel ends a waiting job at once and asks a running one; repeats are ok", "[store]") {
  bench b(BOTH_STORES);
  const auto id = b.add();
  CHECK_FALSE(b.one(cancel{id, "not needed"}).failure);
  CHECK(b.last.changes.at(0).gone);
  CHECK(b.row(id).state == job_state::cancelled);
  CHECK(b.row(id).reason == "not needed");
  CHECK_FALSE(b.one(cancel{id, "again"}).failure);
  CHECK(b.last.changes.empty());
  const auto running = *b.take(b.add()).row;
  CHECK_FALSE(b.one(cancel{running.id, "stop"}).failure);
  CHECK(b.last.events.at(0).kind == "cancel_requested");
  CHECK(b.last.changes.at(0).entry.cancel_requested);
  CHECK_FALSE(b.one(cancel{running.id, "stop"}).failure);
  CHECK(b.last.changes.empty());
  b.finish(b.row(running.id), outcome::succeeded);
  CHECK(b.one(cancel{running.id, "too late"}).failure.value().code == errc::wrong_state);
  CHECK(b.one(cancel{999, ""}).failure.value().code == errc::not_found);
}

TEST_CASE("a job is buried when two lane actors died while handling it", "[store]") {
  bench b(BOTH_STORES);
  const auto id = b.add();
  CHECK_FALSE(b.one(lane_died{"fast", id, "boom"}).failure);
  CHECK(b.row(id).state == job_state::ready);
  CHECK_FALSE(b.one(lane_died{"fast", id, "boom"}).failure);
  CHECK(b.row(id).state == job_state::buried);
  CHECK_FALSE(b.one(lane_died{"fast", 0, "boom"}).failure);
  CHECK_FALSE(b.one(lane_died{"fast", 999, "boom"}).failure);
  CHECK(b.logged() == std::vector<std::string>{"lane_died", "lane_died", "buried", "lane_died", "lane_died"});
  CHECK(b.one(open_lane{"fast"}).epoch == b.fast + 1);
}

TEST_CASE("a running job that killed its lane twice is to be stopped, and buried by its end", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  b.one(lane_died{"fast", running.id, "boom"});
  CHECK_FALSE(b.last.changes.at(0).entry.cancel_requested);
  b.one(lane_died{"fast", running.id, "boom"});
  CHECK(b.row(running.id).state == job_state::running);
  CHECK(b.last.changes.at(0).entry.cancel_requested);
  CHECK(must(b.store->load_lane("fast", 0, 10)).entries.at(0).cancel_requested);
  CHECK(b.one(kick{running.id}).failure.value().code == errc::wrong_state);
  CHECK_FALSE(b.finish(b.row(running.id), outcome::cancelled).failure);
  CHECK(b.row(running.id).state == job_state::buried);
  CHECK(b.last.events.at(0).kind == "buried");
  CHECK_FALSE(b.one(kick{running.id}).failure);
  CHECK_FALSE(b.take(running.id).failure);
}

TEST_CASE("no second attempt starts while the one that a buried job left behind may live", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  for (int i = 0; i < 3; ++i) b.one(lane_died{"fast", running.id, "boom"});
  CHECK(b.row(running.id).state == job_state::buried);
  CHECK(b.last.changes.at(0).gone);
  CHECK(must(b.reader->attempts(running.id)).at(0).ended_as == outcome::lost);
  CHECK(b.one(kick{running.id}).failure.value().code == errc::wrong_state);
  SECTION("its node says that it ended") {
    b.finish(running, GENERATE(outcome::cancelled, outcome::lost));
    CHECK(b.last.changes.empty());
  }
  SECTION("its lease is over") { b.now += 15s + 10s; }
  CHECK_FALSE(b.one(kick{running.id}).failure);
  CHECK(b.row(running.id).node.empty());
}

TEST_CASE("a note becomes an event of its kind", "[store]") {
  bench b(BOTH_STORES);
  b.one(note{"node_lost", "fast", "a2", 7, "silent for 10 s"});
  const auto kept = must(b.reader->events(0, 10)).at(0);
  CHECK(kept.kind == "node_lost");
  CHECK(kept.lane == "fast");
  CHECK(kept.node == "a2");
  CHECK(kept.job == 7);
  CHECK(kept.text == "silent for 10 s");
  CHECK(kept.at == start);
}

TEST_CASE("watchers see every change, the table keeps the automatic actions, ids grow over both", "[store]") {
  bench b(BOTH_STORES);
  std::vector<std::uint64_t> ids;
  const auto follow = [&] {
    for (const auto& seen : b.last.events) ids.push_back(seen.id);
  };
  const auto id = b.add();
  follow();
  const auto row = *b.take(id).row;
  follow();
  b.finish(row, outcome::drained);
  follow();
  CHECK(ids == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(must(b.reader->events(0, 10)).size() == 1);
  CHECK(must(b.reader->events(2, 10)).at(0).id == 3);
  CHECK(must(b.reader->events(3, 10)).empty());
}

TEST_CASE("an operation sees what those before it in the batch did", "[store]") {
  bench b(BOTH_STORES);
  const auto batch = b.apply(
      {submission(), lease{1, 1, "fast", b.fast, "a1", "fast@a1", 15s}, cancel{1, "x"}, extend{1, 1, 30s}, kick{1}});
  CHECK_FALSE(batch.answers[1].failure);
  CHECK_FALSE(batch.answers[2].failure);
  CHECK_FALSE(batch.answers[3].failure);
  CHECK(batch.answers[4].failure.value().code == errc::wrong_state);
  CHECK(b.row(1).version == 4);
  CHECK(b.row(1).lease == 30s);
}
