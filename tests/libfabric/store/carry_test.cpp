#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

#define BOTH_STORES GENERATE(kind::memory, kind::sqlite)

namespace {

carry to_slow(const bench& b, const job& row) { return {row.id, row.fence, "fast", "slow", b.slow, "slow@a1", 7s, 2}; }

/// A job that ran for 4 s and saved.
job_id add_saved(bench& b) {
  const auto id = b.add();
  attempt_end saved;
  saved.how = outcome::drained;
  saved.started = saved.saved = true;
  saved.run_time = 4s;
  b.one(end{id, b.take(id).row->fence, "fast", b.fast, saved, {}});
  return id;
}

} // namespace

TEST_CASE("a carry changes the lane of a running attempt and nothing else of it", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  const auto reply = b.one(to_slow(b, running));
  REQUIRE(reply.row);
  const auto& row = *reply.row;
  CHECK(row == b.row(running.id));
  CHECK((row.state == job_state::running && row.lane == "slow" && row.ran_before == 7s));
  CHECK((row.fence == running.fence && row.attempt == 1 && row.node == "a1" && row.lease == running.lease));
  CHECK((row.counts.demoted == 1 && row.demoted_order == 1 && row.wasted == 0s));
  REQUIRE(b.last.changes.size() == 2);
  CHECK((b.last.changes[0].lane == "fast" && b.last.changes[0].gone));
  CHECK(b.last.changes[0].entry.state == job_state::running);
  CHECK((b.last.changes[1].lane == "slow" && !b.last.changes[1].gone));
  CHECK(b.last.changes[1].entry.ran_before == 7s);
  CHECK(must(b.store->load_lane("slow", 0, 9)).entries.at(0).ran_before == 7s);
  const auto attempts = must(b.reader->attempts(running.id));
  REQUIRE(attempts.size() == 1);
  CHECK((attempts[0].lane == "slow" && attempts[0].worker == "slow@a1" && attempts[0].ended_at == no_time));
  CHECK(b.logged().back() == "carried");
}

TEST_CASE("a repeated carry answers ok and changes nothing", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  const auto first = b.one(to_slow(b, running)).row;
  const auto again = b.one(to_slow(b, running));
  CHECK(again.row == first);
  CHECK(b.last.changes.empty());
  CHECK(b.last.events.empty());
}

TEST_CASE("a carry is refused where the attempt is not what was believed", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  const auto code = [&](carry op) { return b.one(std::move(op)).failure.value().code; };
  auto op = to_slow(b, running);
  ++op.fence;
  CHECK(code(op) == errc::stale);
  op = to_slow(b, running);
  --op.epoch;
  CHECK(b.one(op).failure.value().where == "epoch");
  op = to_slow(b, running);
  op.from = "other";
  CHECK(code(op) == errc::stale);
  op = to_slow(b, running);
  op.lane_count = 1; // This demotion would bury it.
  CHECK(code(op) == errc::wrong_state);
  b.one(cancel{running.id, "asked"});
  CHECK(code(to_slow(b, running)) == errc::wrong_state);
  b.finish(b.row(running.id), outcome::cancelled);
  CHECK(code(to_slow(b, running)) == errc::stale);
  CHECK(std::ranges::count(b.logged(), "carried") == 0);
}

TEST_CASE("an end that the old lane tells after the carry is accepted by its fence", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  b.one(to_slow(b, running));
  SECTION("a success") {
    CHECK_FALSE(b.finish(running, outcome::succeeded).failure);
    CHECK(b.row(running.id).state == job_state::succeeded);
  }
  SECTION("but not its own verdict that it is lost") {
    end op{running.id, running.fence, "fast", b.fast, {}, {}, true};
    op.how.how = outcome::lost;
    CHECK(b.one(op).failure.value().code == errc::stale);
    CHECK(b.row(running.id).state == job_state::running);
    op.lane = "slow", op.epoch = b.slow;
    CHECK_FALSE(b.one(op).failure);
  }
  SECTION("a stop by its budget is the same demotion") {
    CHECK_FALSE(b.finish(running, outcome::demoted).failure);
    const auto row = b.row(running.id);
    CHECK((row.state == job_state::ready && row.lane == "slow" && row.counts.demoted == 1));
    CHECK((row.demoted_order == 1 && row.ran_before == 0s && row.wasted == 3s));
  }
}

TEST_CASE("a look says where an attempt runs, and only if it does", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  CHECK(b.one(look{running.id, running.fence}).row.value().lane == "fast");
  b.one(to_slow(b, running));
  CHECK(b.one(look{running.id, running.fence}).row.value().lane == "slow");
  CHECK(b.one(look{running.id, running.fence + 1}).failure.value().code == errc::stale);
  CHECK(b.one(look{999, running.fence}).failure.value().code == errc::stale);
  b.finish(running, outcome::succeeded);
  CHECK(b.one(look{running.id, running.fence}).failure.value().code == errc::stale);
  CHECK(b.last.changes.empty());
}

TEST_CASE("what an attempt saved is not thrown away, the rest is counted by lane, class and node", "[store]") {
  bench b(BOTH_STORES);
  const auto ends = [&](outcome how, bool saved) {
    const auto leased = *b.take(b.add()).row;
    end op{leased.id, leased.fence, "fast", b.fast, {}, {"slow", 2, {}}};
    op.how.how = how;
    op.how.run_time = 3s;
    op.how.saved = saved;
    b.one(op);
    CHECK(must(b.reader->attempts(leased.id)).at(0).saved == saved);
    return b.row(leased.id).wasted;
  };
  CHECK(ends(outcome::demoted, true) == 0s);
  CHECK(ends(outcome::checkpointed, true) == 0s);
  CHECK(ends(outcome::drained, true) == 0s);
  CHECK(must(b.reader->wasted()) == waste_totals{});
  CHECK(ends(outcome::demoted, false) == 3s);
  CHECK(ends(outcome::lost, false) == 3s);
  CHECK(ends(outcome::failed, false) == 0s);
  const auto sum = must(b.reader->wasted());
  CHECK(sum.lanes == waste_totals::sums{{"fast", 6s}});
  CHECK(sum.classes == waste_totals::sums{{"checksum", 6s}});
  CHECK(sum.nodes == waste_totals::sums{{"a1", 6s}});
}

TEST_CASE("a reset is unsettled until an attempt has started after it", "[store]") {
  bench b(BOTH_STORES);
  const auto resets = [&b] { return must(b.store->unsettled_resets()); };
  const auto id = b.add(), other = b.add();
  CHECK(resets().empty());
  b.one(reset{id});
  b.one(reset{id});
  b.one(reset{other});
  CHECK(resets() == std::vector<job_id>{id, other});
  const auto leased = *b.take(id).row;
  CHECK(resets() == std::vector<job_id>{other}); // It may be running.
  attempt_end refused;
  refused.how = outcome::drained;
  b.one(end{id, leased.fence, "fast", b.fast, refused, {}});
  CHECK(resets() == std::vector<job_id>{id, other});
  const auto again = *b.take(id).row;
  attempt_end ran;
  ran.how = outcome::drained;
  ran.started = true;
  ran.started_at = b.now;
  b.one(end{id, again.fence, "fast", b.fast, ran, {}});
  CHECK(resets() == std::vector<job_id>{other});
}

TEST_CASE("a checkpoint is thrown away unless an attempt runs", "[store]") {
  bench b(BOTH_STORES);
  const auto id = b.add();
  CHECK_FALSE(b.one(reset{id}).failure);
  CHECK(b.last.resets == std::vector<job_id>{id});
  CHECK(b.last.changes.empty());
  CHECK(b.logged().back() == "reset");
  const auto running = *b.take(id).row;
  const auto refused = b.one(reset{id}).failure.value();
  CHECK(refused.code == errc::wrong_state);
  CHECK(refused.message.find("attempt 1 of job") != std::string::npos);
  CHECK(b.last.resets.empty());
  b.finish(running, outcome::succeeded);
  CHECK_FALSE(b.one(reset{id}).failure);
  CHECK(b.one(reset{999}).failure.value().code == errc::not_found);
}

TEST_CASE("a reset forgets where the checkpoint is, and is done once", "[store]") {
  bench b(BOTH_STORES);
  const auto id = add_saved(b);
  CHECK((b.row(id).kept_on == "a1" && b.row(id).kept_work == 4s));
  const auto version = b.row(id).version;
  b.one(reset{id});
  CHECK((b.row(id).kept_on.empty() && b.row(id).kept_work == 0s && b.row(id).version == version + 1));
  REQUIRE(b.last.changes.size() == 1);
  CHECK(b.last.changes[0].entry.version == version + 1);
  b.one(reset{id});
  CHECK(b.row(id).version == version + 1);
}

TEST_CASE("an attempt that starts over is written down once, and the work before it is thrown away", "[store]") {
  bench b(BOTH_STORES);
  const auto id = add_saved(b);
  const auto running = *b.take(id).row;
  CHECK((running.kept_on == "a1" && running.kept_work == 4s));
  CHECK(b.one(start_over{id, running.fence + 1, "why"}).failure.value().code == errc::stale);
  CHECK(b.one(start_over{99, 1, "why"}).failure.value().code == errc::stale);
  CHECK_FALSE(b.one(start_over{id, running.fence, "node a1 is gone"}).failure);
  CHECK_FALSE(b.one(start_over{id, running.fence, "node a1 is gone"}).failure);
  CHECK((b.row(id).wasted == 4s && b.row(id).kept_work == 0s && b.row(id).state == job_state::running));
  const auto logged = b.logged();
  CHECK(std::ranges::count(logged, "started_over") == 1);
  const auto sum = must(b.reader->wasted());
  CHECK(sum.lanes == waste_totals::sums{{"fast", 4s}});
  CHECK_FALSE(b.finish(b.row(id), outcome::succeeded).failure);
}
