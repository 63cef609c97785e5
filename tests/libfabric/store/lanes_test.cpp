#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

#define BOTH_STORES GENERATE(kind::memory, kind::sqlite)

namespace {

job_id bury_one(bench& b) {
  const auto id = b.add();
  for (int i = 0; i < 3; ++i) {
    b.finish(*b.take(id).row, outcome::failed, {"", 1, {}});
    if (i < 2) b.one(due{id, b.row(id).version, "fast", b.fast});
  }
  return id;
}

} // namespace

TEST_CASE("a lane with jobs that have not ended cannot go; the answer has their number", "[store]") {
  bench b(BOTH_STORES);
  const auto id = b.add("slow");
  b.add("slow");
  CHECK_FALSE(b.one(know_lanes{{"fast", "slow"}}).failure);
  const auto refused = b.one(know_lanes{{"fast"}}).failure;
  CHECK(refused->code == errc::wrong_state);
  CHECK(refused->message == "a lane with jobs cannot be removed; there are 2 jobs in slow");
  b.one(cancel{id, "x"});
  b.one(cancel{id + 1, "x"});
  CHECK_FALSE(b.one(know_lanes{{"fast"}}).failure);
  CHECK(b.last.changes.empty());
}

TEST_CASE("a kicked job goes to another lane if its own is gone, and is told there", "[store]") {
  bench b(BOTH_STORES);
  const auto id = bury_one(b);
  CHECK_FALSE(b.one(know_lanes{{"slow"}, true}).failure); // Only a question: "fast" stays known.
  b.one(kick{id, "slow"});
  CHECK(b.row(id).lane == "fast");
  b.one(cancel{id, "x"});
  const auto other = bury_one(b);
  CHECK_FALSE(b.one(know_lanes{{"slow"}}).failure);
  CHECK(b.one(kick{other}).failure->code == errc::unknown_lane);
  CHECK(b.row(other).state == job_state::buried);
  CHECK_FALSE(b.one(kick{other, "slow"}).failure);
  CHECK(b.row(other).lane == "slow");
  REQUIRE(b.last.changes.size() == 1);
  CHECK(b.last.changes[0].lane == "slow");
}
