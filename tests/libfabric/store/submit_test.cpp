#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

#define BOTH_STORES GENERATE(kind::memory, kind::sqlite)

TEST_CASE("a submitted job is ready in its lane, with all that the client said", "[store]") {
  bench b(BOTH_STORES);
  auto op = submission("slow", R"({"n":1})");
  op.spec.priority = 7;
  op.spec.owner = "ops";
  op.spec.labels = {{"team", "red"}, {"quote", "\"'\\"}};
  op.spec.idempotency_key = "k";
  op.max_attempts = 5;
  const auto id = b.one(op).id;
  const auto row = b.row(id);
  CHECK(row.state == job_state::ready);
  CHECK(row.lane == "slow");
  CHECK(row.job_class == "checksum");
  CHECK(row.priority == 7);
  CHECK(row.owner == "ops");
  CHECK(row.labels == op.spec.labels);
  CHECK(row.idempotency_key == "k");
  CHECK(row.max_attempts == 5);
  CHECK(row.version == 1);
  CHECK(row.submitted_at == start);
  CHECK(must(b.reader->input(id)) == R"({"n":1})");
  CHECK(must(b.reader->result(id)) == std::nullopt);
}

TEST_CASE("ids grow from 1", "[store]") {
  bench b(BOTH_STORES);
  CHECK(b.add() == 1);
  CHECK(b.add() == 2);
  const auto batch = b.apply({submission(), submission()});
  CHECK(batch.answers[0].id == 3);
  CHECK(batch.answers[1].id == 4);
}

TEST_CASE("a delayed job is scheduled until its delay is over", "[store]") {
  bench b(BOTH_STORES);
  auto op = submission();
  op.spec.delay = 5s;
  const auto row = b.row(b.one(op).id);
  CHECK(row.state == job_state::scheduled);
  CHECK(row.run_at == start + 5s);
}

TEST_CASE("the same key and input give the first id, marked duplicate, and change nothing", "[store]") {
  bench b(BOTH_STORES);
  auto op = submission();
  op.spec.idempotency_key = "once";
  const auto first = b.one(op);
  CHECK_FALSE(first.duplicate);
  const auto again = b.apply({op, op});
  CHECK(again.answers[0].id == first.id);
  CHECK(again.answers[0].duplicate);
  CHECK(again.answers[1].duplicate);
  CHECK(again.changes.empty());
  CHECK(again.events.empty());
  CHECK(b.store->live_jobs() == 1);
}

TEST_CASE("a known key is answered although nothing new is taken; an unknown one gets the refusal", "[store]") {
  bench_options options;
  auto tick = std::make_shared<std::chrono::steady_clock::time_point>();
  options.clock = [tick] { return *tick += 1s; };
  bench b(BOTH_STORES, options);
  auto op = submission();
  op.spec.idempotency_key = "once";
  const auto first = b.one(op);
  const bool low = GENERATE(true, false);
  *options.low = low;
  if (!low) op.only_if_known = error{errc::limit_reached, "too many jobs are queued", "limits.max_queued"};
  const auto again = b.one(op);
  CHECK(again.id == first.id);
  CHECK(again.duplicate);
  op.spec.input = "2";
  CHECK(b.one(op).failure.value().code == errc::key_conflict);
  op.spec.idempotency_key = "new";
  CHECK(b.one(op).failure.value().code == (low ? errc::disk_full : errc::limit_reached));
  op.spec.idempotency_key.reset();
  CHECK(b.one(op).failure.value().code == (low ? errc::disk_full : errc::limit_reached));
  CHECK(b.store->live_jobs() == 1);
}

TEST_CASE("a key used twice in one batch gives one job", "[store]") {
  bench b(BOTH_STORES);
  auto op = submission();
  op.spec.idempotency_key = "once";
  const auto batch = b.apply({op, op});
  CHECK(batch.answers[0].id == batch.answers[1].id);
  CHECK(batch.answers[1].duplicate);
}

TEST_CASE("a key with another input is refused as key_conflict", "[store]") {
  bench b(BOTH_STORES);
  auto op = submission("fast", "1");
  op.spec.idempotency_key = "once";
  b.one(op);
  op.spec.input = "2";
  const auto refused = b.one(op);
  REQUIRE(refused.failure);
  CHECK(refused.failure->code == errc::key_conflict);
  CHECK(b.store->live_jobs() == 1);
}

TEST_CASE("a key is a class's own", "[store]") {
  bench b(BOTH_STORES);
  auto op = submission();
  op.spec.idempotency_key = "once";
  const auto first = b.one(op).id;
  op.spec.job_class = "other";
  CHECK(b.one(op).id != first);
}

TEST_CASE("jobs without a key are never duplicates", "[store]") {
  bench b(BOTH_STORES);
  CHECK(b.add() != b.add());
}

TEST_CASE("a key still names its job after the job ended", "[store]") {
  bench b(BOTH_STORES);
  auto op = submission();
  op.spec.idempotency_key = "once";
  const auto id = b.one(op).id;
  b.finish(*b.take(id).row, outcome::succeeded);
  const auto again = b.one(op);
  CHECK(again.id == id);
  CHECK(again.duplicate);
}

TEST_CASE("below disk_low submissions and leases are refused, ends and cancels are not", "[store]") {
  bench_options options;
  auto tick = std::make_shared<std::chrono::steady_clock::time_point>();
  options.clock = [tick] { return *tick += 1s; };
  bench b(BOTH_STORES, options);
  const auto running = *b.take(b.add()).row;
  const auto waiting = b.add();
  *options.low = true;
  CHECK(b.one(submission()).failure.value().code == errc::disk_full);
  CHECK(b.take(waiting).failure.value().code == errc::disk_full);
  CHECK_FALSE(b.finish(running, outcome::succeeded).failure);
  CHECK_FALSE(b.one(cancel{waiting, "no"}).failure);
  *options.low = false;
  CHECK_FALSE(b.one(submission()).failure);
}
