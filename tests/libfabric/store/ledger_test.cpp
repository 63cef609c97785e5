#include "fabric/invariant.hpp"
#include "fabric/store/ledger.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <limits>
#include <random>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

namespace {

ledger restarted(std::uint64_t mark) {
  ledger numbers;
  numbers.last_job = numbers.job_mark = mark;
  return numbers;
}

/// Runs a batch and looks at every number it gave away.
struct watcher {
  job_id highest_job = 0;
  fence_t highest_fence = 0;
  std::uint64_t highest_event = 0;

  void look(const batch_result& done) {
    for (const auto& a : done.answers) {
      if (a.row) grows(a.row->fence, highest_fence);
      if (!a.row && !a.failure && a.id > 0 && !a.duplicate) grows(a.id, highest_job);
    }
    for (const auto& e : done.events) grows(e.id, highest_event);
  }
  static void grows(std::uint64_t number, std::uint64_t& highest) {
    CHECK(number > highest);
    highest = number;
  }
};

} // namespace

TEST_CASE("the first id of a new store is 1, and the mark covers every id, one block at a time", "[store]") {
  ledger numbers;
  for (std::uint64_t expected = 1; expected <= 3 * job_block; ++expected) {
    REQUIRE(numbers.next_job() == expected);
    REQUIRE(numbers.job_mark == (expected + job_block - 1) / job_block * job_block);
  }
}

TEST_CASE("a restart goes on behind the mark", "[store]") {
  auto numbers = restarted(2 * job_block);
  CHECK(numbers.next_job() == 2 * job_block + 1);
  CHECK(numbers.job_mark == 3 * job_block);
}

TEST_CASE("numbers end where SQLite's do, with a broken invariant and not with a repeat", "[store]") {
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  auto numbers = restarted(largest - job_block);
  CHECK(numbers.next_job() == largest - job_block + 1);
  CHECK_THROWS_AS(restarted(largest - job_block + 1).next_job(), broken_invariant);
  numbers.last_fence = largest - 1;
  CHECK(numbers.next_fence() == largest);
  numbers.last_fence = largest;
  CHECK_THROWS_AS(numbers.next_fence(), broken_invariant);
}

TEST_CASE("no id is given twice over random commits, roll-backs and crashes", "[store]") {
  const unsigned seed = 20260102;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::uint64_t durable = 0; // The store's `meta`.
  std::uint64_t told = 0;    // The highest id of a transaction that was committed.
  ledger numbers;
  for (int turn = 0; turn < 2000; ++turn) {
    const ledger before = numbers;
    const auto taken = random() % 300;
    std::uint64_t first = 0;
    for (auto n = taken; n > 0; --n) {
      const auto id = numbers.next_job();
      if (first == 0) first = id;
    }
    REQUIRE((taken == 0 || first > told));
    const auto fate = random() % 10;
    if (fate < 7) {
      durable = numbers.job_mark;
      told = std::max(told, numbers.last_job);
      REQUIRE(durable >= told);
    } else {
      numbers = fate == 9 ? restarted(durable) : before;
    }
  }
}

TEST_CASE("ids, fences and events only grow, whatever is pruned, refused or finished in between", "[store]") {
  bench_options options;
  options.retention = {.succeeded_age = 3s, .succeeded_count = 2, .buried_age = 5s, .events_age = 4s};
  bench b(GENERATE(kind::memory, kind::sqlite), options);
  watcher seen;
  std::mt19937 random(7);
  for (int turn = 0; turn < 200; ++turn) {
    seen.look(b.apply({submission()}));
    b.now += std::chrono::milliseconds(random() % 2000);
    const auto id = seen.highest_job;
    seen.look(b.apply({lease{id, 1, "fast", b.fast, "a1", "w", 15s}, lease{id, 1, "fast", b.fast, "a1", "w", 15s}}));
    end op{id, seen.highest_fence, "fast", b.fast, {}, {"slow", 2, {}}};
    op.how.how = static_cast<outcome>(1 + random() % 10);
    b.apply({op});
    CHECK_FALSE(b.last.answers.at(0).failure);
    for (const auto& e : b.last.events) watcher::grows(e.id, seen.highest_event);
  }
  CHECK(must(b.reader->list({.limit = 1000})).size() < 200);
}
