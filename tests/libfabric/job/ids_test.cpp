#include "fabric/job/ids.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>

using namespace fabric;

TEST_CASE("the first id of a new store is 1, and ids only grow", "[job]") {
  id_block ids(0, 3);
  for (std::uint64_t expected = 1; expected <= 10; ++expected) CHECK(ids.take() == expected);
}

TEST_CASE("a mark is asked for once per block", "[job]") {
  id_block ids(0, 3);
  CHECK_FALSE(ids.unsaved_mark());
  ids.take();
  CHECK(ids.unsaved_mark() == 3u);
  ids.committed();
  CHECK_FALSE(ids.unsaved_mark());
  ids.take();
  ids.take();
  CHECK_FALSE(ids.unsaved_mark());
  ids.take();
  CHECK(ids.unsaved_mark() == 6u);
}

TEST_CASE("one transaction may use up several blocks", "[job]") {
  id_block ids(0, 3);
  for (int i = 0; i < 7; ++i) ids.take();
  CHECK(ids.unsaved_mark() == 9u);
}

TEST_CASE("a rolled-back mark is asked for again, and its ids are not given again", "[job]") {
  id_block ids(0, 3);
  CHECK(ids.take() == 1);
  REQUIRE(ids.unsaved_mark() == 3u);
  // The transaction fails here: committed() is not called.
  CHECK(ids.take() == 2);
  CHECK(ids.unsaved_mark() == 3u);
}

TEST_CASE("a restart goes on behind the mark", "[job]") {
  id_block ids(6, 3);
  CHECK_FALSE(ids.unsaved_mark());
  CHECK(ids.take() == 7);
  CHECK(ids.unsaved_mark() == 9u);
}

TEST_CASE("a block of one id is a plain counter", "[job]") {
  id_block ids(41, 1);
  CHECK(ids.take() == 42);
  CHECK(ids.unsaved_mark() == 42u);
}

TEST_CASE("no id is given twice over random commits, roll-backs and crashes", "[job]") {
  const unsigned seed = 20260102;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::uint64_t durable = 0; // The store's `meta`.
  std::uint64_t highest = 0;
  id_block ids(durable, 8);
  for (int turn = 0; turn < 2000; ++turn) {
    for (auto n = random() % 20; n > 0; --n) {
      const std::uint64_t id = ids.take();
      // After a crash only ids of transactions that were never durable may come again.
      REQUIRE(id > highest);
      highest = id;
    }
    const auto fate = random() % 10;
    if (fate < 7) {
      durable = ids.unsaved_mark().value_or(durable);
      ids.committed();
      REQUIRE(durable >= highest);
    } else if (fate == 9) {
      ids = id_block(durable, 8);
      highest = durable; // What was taken beyond it has been rolled back with the crash.
    }
  }
}
