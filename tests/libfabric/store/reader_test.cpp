#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

#define BOTH_STORES GENERATE(kind::memory, kind::sqlite)

namespace {

std::vector<job_id> ids(const std::vector<job>& rows) {
  std::vector<job_id> all;
  std::ranges::transform(rows, std::back_inserter(all), &job::id);
  return all;
}

/// 1 succeeded, 2 running, 3 buried, 4 cancelled, 5 scheduled (all fast), 6 ready in slow, 7 ready, class other.
void fill(bench& b) {
  for (int i = 0; i < 4; ++i) b.add();
  b.finish(*b.take(1).row, outcome::succeeded);
  b.take(2);
  b.finish(*b.take(3).row, outcome::memory_exceeded);
  b.one(cancel{4, "x"});
  auto op = submission();
  op.spec.delay = 1s;
  b.one(op);
  b.add("slow");
  op.spec.delay = 0s;
  op.spec.job_class = "other";
  b.one(op);
}

} // namespace

TEST_CASE("a list is newest first, filtered by state, lane and class, and goes on below its cursor", "[store]") {
  bench b(BOTH_STORES);
  fill(b);
  const auto list = [&](job_filter filter) { return ids(must(b.reader->list(filter))); };
  using all = std::vector<job_id>;
  CHECK(list({}) == all{7, 6, 5, 4, 3, 2, 1});
  CHECK(list({.states = {job_state::succeeded}}) == all{1});
  CHECK(list({.states = {job_state::buried, job_state::running, job_state::buried}}) == all{3, 2});
  CHECK(list({.states = {job_state::succeeded, job_state::ready}}) == all{7, 6, 1});
  CHECK(list({.states = {job_state::waiting}}).empty());
  CHECK(list({.states = {job_state::ready}, .lane = "slow"}) == all{6});
  CHECK(list({.lane = "slow"}) == all{6});
  CHECK(list({.lane = "none"}).empty());
  CHECK(list({.job_class = "other"}) == all{7});
  CHECK(list({.states = {job_state::ready}, .job_class = "other"}) == all{7});
  CHECK(list({.after = 4}) == all{3, 2, 1});
  CHECK(list({.after = 1}).empty());
  CHECK(list({.limit = 2}) == all{7, 6});
  CHECK(list({.states = {job_state::ready, job_state::running}, .after = 7, .limit = 1}) == all{6});
  CHECK(list({.limit = 0}) == all{7});
}

TEST_CASE("find, find_all and input know what is missing", "[store]") {
  bench b(BOTH_STORES);
  fill(b);
  CHECK(b.reader->find(99).error().code == errc::not_found);
  CHECK(b.reader->input(99).error().code == errc::not_found);
  CHECK(must(b.reader->attempts(99)).empty());
  const std::vector<job_id> asked{3, 99, 1};
  CHECK(ids(must(b.reader->find_all(asked))) == std::vector<job_id>{3, 1});
}

TEST_CASE("the details of a job are what the single questions answer", "[store]") {
  bench b(BOTH_STORES);
  fill(b);
  CHECK(b.reader->details(99).error().code == errc::not_found);
  for (job_id id = 1; id <= 7; ++id) {
    const auto all = must(b.reader->details(id));
    CHECK(all.row == b.row(id));
    CHECK(all.attempts == must(b.reader->attempts(id)));
    CHECK(all.input == must(b.reader->input(id)));
    CHECK(all.result == must(b.reader->result(id)));
  }
  CHECK(must(b.reader->details(1)).result == "null");
  CHECK(must(b.reader->details(1)).attempts.size() == 1);
}

TEST_CASE("counts say how many jobs of each state a lane has", "[store]") {
  bench b(BOTH_STORES);
  fill(b);
  const auto counts = must(b.reader->counts());
  REQUIRE(counts.size() == 2);
  CHECK(counts[0].lane == "fast");
  CHECK(counts[0].succeeded == 1);
  CHECK(counts[0].running == 1);
  CHECK(counts[0].buried == 1);
  CHECK(counts[0].cancelled == 1);
  CHECK(counts[0].scheduled == 1);
  CHECK(counts[0].ready == 1);
  CHECK(counts[1].ready == 1);
  CHECK(b.store->live_jobs() == 4);
}

TEST_CASE("the last events come ascending", "[store]") {
  bench b(BOTH_STORES);
  for (const auto* text : {"a", "b", "c"}) b.one(note{"k", "", "", 0, text});
  const auto last = must(b.reader->last_events(2));
  REQUIRE(last.size() == 2);
  CHECK(last[0].text == "b");
  CHECK(last[1].text == "c");
  CHECK(must(b.reader->events(0, 1)).at(0).text == "a");
}

TEST_CASE("a rare class and a rare lane are found without a walk over all jobs", "[store]") {
  scratch home;
  const auto store = must(sqlite_store::open(home / "store.db", roomy()));
  must(store->apply(std::vector<operation>{submission("slow")}, start));
  for (int i = 0; i < 4; ++i) must(store->apply(std::vector<operation>(500, submission()), start));
  // A walk over 2,000 rows takes more than the 1,000 steps after which the deadline is looked at; an index does not.
  const auto hasty = must(sqlite_reader::open(home / "store.db", std::chrono::milliseconds{0}));
  CHECK(must(hasty->list({.lane = "slow"})).size() == 1);
  CHECK(must(hasty->list({.job_class = "none"})).empty());
  CHECK(must(hasty->list({.lane = "none"})).empty());
}

TEST_CASE("a read that takes too long ends with unavailable and leaves the reader usable", "[store]") {
  scratch home;
  const auto store = must(sqlite_store::open(home / "store.db", roomy()));
  std::vector<operation> ops(500, submission());
  for (int i = 0; i < 4; ++i) must(store->apply(ops, start));
  const auto hasty = must(sqlite_reader::open(home / "store.db", std::chrono::milliseconds{0}));
  CHECK(hasty->list({.lane = "none", .job_class = "checksum"}).error().code == errc::unavailable);
  CHECK(must(hasty->find(1)).id == 1);
}

TEST_CASE("a reader needs a store that is there", "[store]") {
  scratch home;
  CHECK(sqlite_reader::open(home / "store.db").error().code == errc::io_error);
}
