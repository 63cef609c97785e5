#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::actors;
using testing::has;
using testing::world;
using testing::world_settings;

namespace {

/// Lane fast (1 slot, 10 s) carries to slow, one slot.
world_settings carrying(std::vector<policy::demotion_mode> modes = {policy::demotion_mode::carry}) {
  world_settings how;
  auto& fast = how.config.lanes.at(0);
  fast.slots = 1;
  fast.budget = 10s;
  fast.timeout.modes = std::move(modes);
  how.config.lanes.at(1).slots = 1;
  return how;
}

void expect_carried(world& w, job_id id, fence_t fence) {
  const auto row = w.row(id);
  CHECK((row.state == job_state::running && row.lane == "slow" && row.fence == fence && row.attempt == 1));
  CHECK(w.process.runs.size() == 1);
  CHECK(w.process.stops.empty());
  CHECK(w.process.running.at(fence).order.lane == "slow");
}

/// The job ends in the process that it began in, its slots are free again and its lease is over.
void expect_ends(world& w, job_id id, fence_t fence) {
  w.process.end(fence, outcome::succeeded, "1");
  w.advance(6s);
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.process.forgotten == std::vector<fence_t>{fence});
  for (const auto* name : {"fast", "slow"})
    CHECK(w.ask_now<lane_report>(w.find<lane_actor>("lane/" + std::string(name)), get_lanes{}).now.busy == 0);
  CHECK(w.ask_now<node_reports>(w.find<membership_actor>("membership"), get_nodes{}).nodes.at(0).now.held == 0);
}

} // namespace

TEST_CASE("an attempt over budget goes on in the other lane, as the same process", "[carry]") {
  world w{carrying()};
  const auto id = w.submit();
  const auto fence = w.process.fence_of(id);
  w.advance(10s);
  expect_carried(w, id, fence);
  CHECK(w.row(id).ran_before == 10s);
  REQUIRE(w.process.relanes.size() == 1);
  const auto next = w.submit();
  CHECK(w.row(next).lane == "fast");
  CHECK(w.state(next) == job_state::running);
  w.process.end(w.process.fence_of(next), outcome::succeeded);
  w.advance(1h); // Its lease is renewed and lengthened as ever.
  CHECK(w.row(id).lease == 20min);
  w.process.forgotten.clear();
  expect_ends(w, id, fence);
}

TEST_CASE("where the other lane has no free slot the attempt is stopped and goes on from what it saved", "[carry]") {
  using policy::demotion_mode;
  world w{carrying({demotion_mode::carry, demotion_mode::resume})};
  const auto first = w.submit(), second = w.submit();
  w.advance(10s);
  CHECK(w.row(first).lane == "slow");
  CHECK(w.state(second) == job_state::running);
  w.advance(10s);
  CHECK(w.process.stops.at(0).why == stop_reason::budget);
  CHECK((w.row(second).lane == "slow" && w.state(second) == job_state::ready));
}

TEST_CASE("whoever dies when a carry is committed, the process lives on in its new lane", "[carry]") {
  for (const auto* victim : {"lane/fast", "lane/slow", "worker/fast", "worker/slow", "runner", "membership"}) {
    for (const bool before : {true, false}) {
      INFO(victim << (before ? " before the commit" : " after the commit"));
      world w{carrying()};
      const auto id = w.submit();
      const auto fence = w.process.fence_of(id);
      bool dead = false;
      const auto kill = [&](std::span<const store::operation> ops) {
        if (dead || !has<store::carry>(ops)) return;
        dead = true;
        w.crash(victim);
      };
      (before ? w.store->before_commit : w.store->after_commit) = kill;
      w.advance(20s);
      REQUIRE(dead);
      CHECK(w.starts(victim) == 2);
      expect_carried(w, id, fence);
      expect_ends(w, id, fence);
    }
  }
}

TEST_CASE("a carry that was decided and not committed is decided again", "[carry]") {
  for (const auto* victim : {"lane/fast", "lane/slow"}) {
    INFO(victim);
    world w{carrying()};
    const auto id = w.submit();
    const auto fence = w.process.fence_of(id);
    bool dead = false;
    w.store->before_commit = [&](std::span<const store::operation> ops) {
      w.store->failure.reset();
      if (dead || !has<store::carry>(ops)) return;
      dead = true;
      w.crash(victim);
      w.store->failure = error{errc::disk_full, "the transaction fails", ""};
    };
    w.advance(9s);
    CHECK_FALSE(dead);
    w.advance(2s);
    REQUIRE(dead);
    if (victim == std::string("lane/fast")) {
      expect_carried(w, id, fence);
      expect_ends(w, id, fence);
    } else {
      // Nobody answers the lane that asked: after its patience it goes the next way.
      CHECK(w.row(id).lane == "fast");
      w.advance(5s);
      CHECK(w.process.stops.at(0).why == stop_reason::budget);
      CHECK(w.row(id).counts.demoted == 1);
    }
  }
}

TEST_CASE("a node that was not told of a carry is told after its runner's hello", "[carry]") {
  world w{carrying()};
  const auto id = w.submit();
  const auto fence = w.process.fence_of(id);
  w.store->after_commit = [&](std::span<const store::operation> ops) {
    if (has<store::carry>(ops)) w.process.cut();
  };
  w.advance(11s);
  CHECK(w.row(id).lane == "slow");
  CHECK(w.process.relanes.empty());
  w.process.mend();
  w.advance(6s);
  expect_carried(w, id, fence);
  expect_ends(w, id, fence);
}

TEST_CASE("a job that ends while its carry is committed has ended, once", "[carry]") {
  world w{carrying()};
  const auto id = w.submit();
  const auto fence = w.process.fence_of(id);
  w.store->after_commit = [&](std::span<const store::operation> ops) {
    if (has<store::carry>(ops)) w.process.end(fence, outcome::succeeded, "1");
  };
  w.advance(11s);
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.attempts(id).size() == 1);
  w.advance(6s);
  CHECK(w.process.finished.empty()); // Both lanes may say that it is to be forgotten.
}

TEST_CASE("a checkpoint that is thrown away is gone before the next attempt starts", "[reset]") {
  auto how = world_settings{};
  how.config.lanes.at(0).slots = 1;
  world w{how};
  const auto busy = w.submit(), id = w.submit();
  CHECK(w.ask_now<receipts>(w.scheduler(), reset_jobs{{busy}}).items.at(0).failure.value().code == errc::wrong_state);
  std::size_t pruned_at_run = 0;
  w.process.on_run = [&](const exec::run&) { pruned_at_run = w.process.pruned.size(); };
  const auto reply = w.ask_later<receipts>(w.scheduler(), reset_jobs{{id, 999}});
  w.process.end(w.process.fence_of(busy), outcome::succeeded);
  w.run();
  REQUIRE(*reply);
  CHECK_FALSE((*reply)->items.at(0).failure);
  CHECK((*reply)->items.at(1).failure.value().code == errc::not_found);
  CHECK(w.process.pruned == std::vector<std::pair<job_id, std::uint32_t>>{{id, 0}});
  CHECK(w.process.runs.size() == 2);
  CHECK(pruned_at_run == 1);
}

TEST_CASE("a reset outlives a runner link that died before it could be told to anybody", "[reset]") {
  world w;
  w.process.cut();
  w.run();
  const auto id = w.submit();
  CHECK_FALSE(w.ask_now<receipts>(w.scheduler(), reset_jobs{{id}}).items.at(0).failure);
  w.kill("runner");
  w.advance(1s);
  CHECK(w.process.pruned.empty());
  std::size_t pruned_at_run = 0;
  w.process.on_run = [&](const exec::run&) { pruned_at_run = w.process.pruned.size(); };
  w.process.mend();
  w.advance(5s);
  CHECK(w.process.runs.size() == 1);
  CHECK(pruned_at_run == 1);
  CHECK(w.process.pruned == std::vector<std::pair<job_id, std::uint32_t>>{{id, 0}});
}
