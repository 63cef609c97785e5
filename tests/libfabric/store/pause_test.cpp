#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

#define BOTH_STORES GENERATE(kind::memory, kind::sqlite)

TEST_CASE("a pause is told to its lane, logged, and known to whoever opens the lane", "[store]") {
  bench b(BOTH_STORES);
  const lane_pause why{b.now, b.now + 60s, "the disk is slow"};
  CHECK_FALSE(b.one(set_pause{"fast", why}).failure);
  REQUIRE(b.last.changes.size() == 1);
  CHECK(b.last.changes[0].lane == "fast");
  CHECK(b.last.changes[0].entry.id == 0);
  CHECK(b.last.changes[0].pause == why);
  CHECK(b.logged().back() == "lane_paused");
  CHECK(b.one(open_lane{"fast"}).pause == why);
  CHECK_FALSE(b.one(open_lane{"slow"}).pause);
  CHECK_FALSE(b.one(set_pause{"fast", {}}).failure);
  CHECK_FALSE(b.last.changes.at(0).pause);
  CHECK(b.logged().back() == "lane_resumed");
  CHECK_FALSE(b.one(open_lane{"fast"}).pause);
}

TEST_CASE("a resume without a pause, or of another than the one that is, changes nothing", "[store]") {
  bench b(BOTH_STORES);
  CHECK(b.one(set_pause{"fast", {}}).failure->code == errc::wrong_state);
  b.one(set_pause{"fast", lane_pause{b.now, no_time, "why"}});
  CHECK(b.one(set_pause{"fast", {}, b.now - 1s}).failure->code == errc::wrong_state);
  CHECK(b.last.changes.empty());
  CHECK_FALSE(b.one(set_pause{"fast", {}, b.now}).failure);
}

TEST_CASE("a pause survives the store's restart", "[store]") {
  scratch home;
  const lane_pause why{start, no_time, "until the disk is new"};
  {
    const auto db = must(sqlite_store::open(home / "store.db", roomy()));
    must(db->apply(std::vector<operation>{open_lane{"fast"}, set_pause{"fast", why}}, start));
  }
  const auto db = must(sqlite_store::open(home / "store.db", roomy()));
  CHECK(must(db->apply(std::vector<operation>{open_lane{"fast"}}, start)).answers[0].pause == why);
}
