#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

#define BOTH_STORES GENERATE(kind::memory, kind::sqlite)

namespace {

bench_options keeping(retention keep) {
  bench_options options;
  options.retention = keep;
  return options;
}

std::vector<job_id> pruned(const batch_result& result) {
  std::vector<job_id> ids;
  std::ranges::transform(result.pruned, std::back_inserter(ids), &pruned_job::id);
  return ids;
}

} // namespace

TEST_CASE("succeeded and cancelled jobs go at their age, buried ones later, live ones never", "[store]") {
  bench b(BOTH_STORES, keeping({.succeeded_age = 10s, .buried_age = 30s}));
  for (int i = 0; i < 4; ++i) b.add();
  b.finish(*b.take(1).row, outcome::succeeded);
  b.one(cancel{2, "x"});
  b.finish(*b.take(3).row, outcome::memory_exceeded);
  b.now += 10s - 1us;
  CHECK(pruned(b.apply({})).empty());
  b.now += 1us;
  CHECK(pruned(b.apply({})) == std::vector<job_id>{1, 2});
  CHECK(b.last.pruned[0].attempts == 1);
  CHECK(b.last.pruned[1].attempts == 0);
  CHECK(b.reader->find(1).error().code == errc::not_found);
  CHECK(b.reader->input(1).error().code == errc::not_found);
  CHECK(must(b.reader->result(1)) == std::nullopt);
  CHECK(must(b.reader->attempts(1)).empty());
  b.now += 20s;
  CHECK(pruned(b.apply({})) == std::vector<job_id>{3});
  b.now += std::chrono::hours{10'000};
  b.apply({});
  CHECK(b.row(4).state == job_state::ready);
  CHECK(must(b.reader->counts()).at(0).succeeded == 0);
}

TEST_CASE("above the count the oldest go first; zero is no limit", "[store]") {
  const auto which = BOTH_STORES;
  const auto limit = GENERATE(0u, 2u);
  bench b(which, keeping({.succeeded_count = limit}));
  std::vector<job_id> gone;
  for (int i = 1; i <= 4; ++i) {
    b.now += 1s;
    b.finish(*b.take(b.add()).row, outcome::succeeded);
    std::ranges::copy(pruned(b.last), std::back_inserter(gone));
  }
  CHECK(gone == (limit == 0 ? std::vector<job_id>{} : std::vector<job_id>{1, 2}));
}

TEST_CASE("above the bytes of payloads and results the oldest go first, buried ones too", "[store]") {
  bench b(BOTH_STORES, keeping({.bytes = 250}));
  const std::string input(96, '7');                                      // with its result, null: 100 bytes
  b.finish(*b.take(b.add("fast", input)).row, outcome::memory_exceeded); // 96
  b.now += 1s;
  b.finish(*b.take(b.add("fast", input)).row, outcome::succeeded);
  CHECK(b.last.pruned.empty());
  b.now += 1s;
  b.finish(*b.take(b.add("fast", input)).row, outcome::succeeded);
  CHECK(pruned(b.last) == std::vector<job_id>{1});
}

TEST_CASE("a kicked job's bytes no longer count as finished ones", "[store]") {
  bench b(BOTH_STORES, keeping({.bytes = 250}));
  const std::string input(96, '7');
  b.finish(*b.take(b.add("fast", input)).row, outcome::memory_exceeded);
  b.one(kick{1});
  b.finish(*b.take(b.add("fast", input)).row, outcome::succeeded);
  b.finish(*b.take(b.add("fast", input)).row, outcome::succeeded);
  CHECK(b.last.pruned.empty());
  CHECK(b.row(1).state == job_state::ready);
}

TEST_CASE("events go at their age", "[store]") {
  bench b(BOTH_STORES, keeping({.events_age = 10s}));
  b.one(note{"old", "", "", 0, ""});
  b.now += 5s;
  b.one(note{"young", "", "", 0, ""});
  b.now += 5s;
  b.apply({});
  CHECK(b.logged() == std::vector<std::string>{"young"});
}

TEST_CASE("above their count the oldest events go first; zero is no limit", "[store]") {
  const auto which = BOTH_STORES;
  const auto limit = GENERATE(0u, 3u);
  bench b(which, keeping({.events_count = limit}));
  for (const auto* kind : {"a", "b", "c", "d", "e"}) b.one(note{kind, "", "", 0, ""});
  CHECK(b.logged().size() == (limit == 0 ? 5 : 3));
  CHECK(b.logged().back() == "e");
  CHECK_FALSE(b.last.more_upkeep);
}

TEST_CASE("the count of events holds over a restart", "[store]") {
  scratch home;
  auto options = roomy();
  options.retention.events_count = 3;
  for (int i = 0; i < 3; ++i) {
    const auto store = must(sqlite_store::open(home / "store.db", options));
    must(store->apply(std::vector<operation>(2, note{"n", "", "", 0, std::to_string(i)}), start));
  }
  const auto kept = must(must(sqlite_reader::open(home / "store.db"))->events(0, 100));
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].text == "1");
}

TEST_CASE("pruning stops at its budget but removes at least one row, and goes on next time", "[store]") {
  auto options = keeping({.succeeded_age = 10s, .upkeep_budget = 1ms});
  auto tick = std::make_shared<std::chrono::steady_clock::time_point>();
  options.clock = [tick] { return *tick += 1ms; };
  bench b(BOTH_STORES, options);
  for (int i = 0; i < 3; ++i) b.finish(*b.take(b.add()).row, outcome::succeeded);
  b.now += 10s;
  CHECK(pruned(b.apply({})) == std::vector<job_id>{1});
  CHECK(pruned(b.apply({})) == std::vector<job_id>{2});
  CHECK(pruned(b.apply({})) == std::vector<job_id>{3});
  CHECK(pruned(b.apply({})).empty());
}

TEST_CASE("pruning beside operations has a budget of its own", "[store]") {
  auto options = keeping({.succeeded_age = 10s, .prune_budget = 1ms, .upkeep_budget = 1h});
  auto tick = std::make_shared<std::chrono::steady_clock::time_point>();
  options.clock = [tick] { return *tick += 1ms; };
  bench b(BOTH_STORES, options);
  for (int i = 0; i < 4; ++i) b.finish(*b.take(b.add()).row, outcome::succeeded);
  b.now += 10s;
  b.add();
  CHECK(pruned(b.last) == std::vector<job_id>{1});
  CHECK(b.last.more_upkeep);
  CHECK(pruned(b.apply({})) == std::vector<job_id>{2, 3, 4});
  CHECK_FALSE(b.last.more_upkeep);
}

TEST_CASE("pruning frees the key, yet ids and fences go on", "[store]") {
  bench b(BOTH_STORES, keeping({.succeeded_age = 10s}));
  auto op = submission();
  op.spec.idempotency_key = "once";
  const auto first = *b.take(b.one(op).id).row;
  b.finish(first, outcome::succeeded);
  b.now += 10s;
  b.apply({});
  const auto second = *b.take(b.one(op).id).row;
  CHECK(second.id > first.id);
  CHECK(second.fence > first.fence);
  CHECK(b.finish(first, outcome::succeeded).failure.value().code == errc::stale);
}
