#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

#define BOTH_STORES GENERATE(kind::memory, kind::sqlite)

TEST_CASE("a lease answers with the job as leased and its payload, and makes the attempt's row", "[store]") {
  bench b(BOTH_STORES);
  const auto id = b.add("fast", R"({"a":1})");
  const auto reply = b.take(id);
  REQUIRE(reply.row);
  CHECK(reply.input == R"({"a":1})");
  CHECK(reply.row->state == job_state::running);
  CHECK(reply.row->attempt == 1);
  CHECK(reply.row->fence == 1);
  CHECK(reply.row->node == "a1");
  CHECK(reply.row->lease == 15s);
  CHECK(*reply.row == b.row(id));
  const auto attempts = must(b.reader->attempts(id));
  REQUIRE(attempts.size() == 1);
  CHECK(attempts[0].number == 1);
  CHECK(attempts[0].fence == 1);
  CHECK(attempts[0].node == "a1");
  CHECK(attempts[0].worker == "fast@a1");
  CHECK(attempts[0].lane == "fast");
  CHECK(attempts[0].leased_at == start);
  CHECK(attempts[0].ended_at == no_time);
  CHECK(attempts[0].ended_as == outcome::none);
}

TEST_CASE("fences only grow, over all jobs and lanes", "[store]") {
  bench b(BOTH_STORES);
  const auto one = b.take(b.add()).row->fence;
  const auto two = b.take(b.add("slow"), "slow").row->fence;
  const auto third = b.take(b.add()).row->fence;
  CHECK(one < two);
  CHECK(two < third);
}

TEST_CASE("a repeated lease is stale and takes no fence", "[store]") {
  bench b(BOTH_STORES);
  const auto id = b.add();
  const lease op{id, 1, "fast", b.fast, "a1", "fast@a1", 15s};
  CHECK_FALSE(b.one(op).failure);
  CHECK(b.one(op).failure.value().code == errc::stale);
  CHECK(b.row(id).fence == 1);
  CHECK(b.take(b.add()).row->fence == 2);
}

TEST_CASE("a lease of another version, lane, epoch or of no job is stale and changes nothing", "[store]") {
  bench b(BOTH_STORES);
  const auto id = b.add();
  const lease right{id, 1, "fast", b.fast, "a1", "fast@a1", 15s};
  auto wrong = GENERATE_COPY(0, 1, 2, 3, 4);
  CAPTURE(wrong);
  auto op = right;
  if (wrong == 0) op.version = 2;
  if (wrong == 1) op.lane = "slow", op.epoch = b.slow;
  if (wrong == 2) op.epoch = b.fast - 1;
  if (wrong == 3) op.epoch = b.fast + 1;
  if (wrong == 4) op.id = 999;
  const auto batch = b.apply({op});
  CHECK(batch.answers[0].failure.value().code == errc::stale);
  CHECK(batch.changes.empty());
  CHECK(batch.events.empty());
  CHECK(b.row(id).version == 1);
  CHECK_FALSE(b.one(right).failure);
}

TEST_CASE("opening a lane makes operations of its older epochs stale", "[store]") {
  bench b(BOTH_STORES);
  const auto id = b.add();
  const auto running = *b.take(b.add()).row;
  const auto next = b.one(open_lane{"fast"}).epoch;
  CHECK(next > b.fast);
  const auto refused = b.take(id).failure.value();
  CHECK(refused.code == errc::stale);
  CHECK(refused.where == "epoch");
  CHECK(b.one(move{id, 1, "fast", b.fast, "slow", true}).failure.value().code == errc::stale);
  CHECK(b.finish(running, outcome::succeeded).failure.value().where == "epoch");
  CHECK(b.row(running.id).state == job_state::running);
  b.fast = next;
  CHECK_FALSE(b.take(id).failure);
  CHECK_FALSE(b.finish(running, outcome::succeeded).failure);
}

TEST_CASE("a job that is not ready is not leased", "[store]") {
  bench b(BOTH_STORES);
  auto op = submission();
  op.spec.delay = 5s;
  const auto id = b.one(op).id;
  CHECK(b.take(id).failure.value().code == errc::wrong_state);
  b.take(b.add());
  CHECK(must(b.reader->attempts(id)).empty());
}

TEST_CASE("an end and the next lease of its slot share one transaction", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  const auto next = b.add();
  end done{running.id, running.fence, "fast", b.fast, {}, {}};
  done.how.how = outcome::succeeded;
  const auto batch = b.apply({done, lease{next, 1, "fast", b.fast, "a1", "fast@a1", 15s}});
  CHECK_FALSE(batch.answers[0].failure);
  CHECK(batch.answers[1].row.value().fence == running.fence + 1);
}

TEST_CASE("an extension lengthens the lease of the running fence; a repeat changes nothing", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  CHECK_FALSE(b.one(extend{running.id, running.fence, 30s}).failure);
  CHECK(b.row(running.id).lease == 30s);
  CHECK(b.last.changes.size() == 1);
  const auto repeat = b.apply({extend{running.id, running.fence, 30s}});
  CHECK_FALSE(repeat.answers[0].failure);
  CHECK(repeat.changes.empty());
  CHECK(b.one(extend{running.id, running.fence + 1, 60s}).failure.value().code == errc::stale);
  CHECK(b.one(extend{999, 1, 60s}).failure.value().code == errc::stale);
  b.finish(b.row(running.id), outcome::succeeded);
  CHECK(b.one(extend{running.id, running.fence, 60s}).failure.value().code == errc::stale);
}
