#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::actors;
using testing::spec;
using testing::world;
using testing::world_settings;

namespace {

void finish(world& w, job_id id) {
  w.process.end(w.process.fence_of(id), outcome::succeeded);
  w.advance(1s);
}

} // namespace

TEST_CASE("a lease that was not committed when its lane died leaves nothing and is decided again at once",
          "[restart]") {
  world w;
  bool crashed = false;
  w.store->before_commit = [&](std::span<const store::operation> ops) {
    w.store->failure.reset();
    if (crashed || !testing::has<store::lease>(ops)) return;
    crashed = true;
    w.crash("lane/fast");
    w.store->failure = error{errc::disk_full, "the transaction fails", ""};
  };
  const auto id = w.submit();
  REQUIRE(crashed);
  CHECK(w.state(id) == job_state::ready);
  CHECK(w.attempts(id).empty());
  CHECK(w.process.runs.empty());
  w.advance(200ms); // The lane comes back after its backoff.
  CHECK(w.starts("lane/fast") == 2);
  CHECK(w.state(id) == job_state::running);
  CHECK(w.process.runs.size() == 1);
  w.advance(30s);
  CHECK(w.process.runs.size() == 1);
  finish(w, id);
  CHECK(w.state(id) == job_state::succeeded);
  REQUIRE(w.attempts(id).size() == 1);
  CHECK(w.attempts(id)[0].number == 1);
}

TEST_CASE("a lane with more jobs than a page loads them all, in their order", "[restart]") {
  auto how = world_settings{};
  how.config.lanes[0].slots = 1;
  world w{how};
  std::vector<job_id> ids;
  for (int batch = 0; batch < 5; ++batch)
    for (const auto& item : w.ask_now<receipts>(w.scheduler(), submit_jobs{std::vector<job_spec>(500, spec())}).items)
      ids.push_back(item.id);
  w.kill("lane/fast");
  w.advance(1s);
  CHECK(w.ask_now<lane_report>(w.find<lane_actor>("lane/fast"), get_lanes{}).now.ready == 2499);
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(w.state(ids[i]) == job_state::running);
    finish(w, ids[i]);
  }
  CHECK(w.process.runs.size() == 4);
}
TEST_CASE("an attempt that ends while its lane is down is not lost", "[restart]") {
  world w;
  const auto id = w.submit();
  const auto fence = w.process.fence_of(id);
  w.kill("lane/fast");
  w.process.end(fence, outcome::succeeded);
  w.run();
  CHECK(w.state(id) == job_state::running);
  w.advance(200ms);
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.process.runs.size() == 1);
  CHECK(w.process.forgotten == std::vector<fence_t>{fence});
}

TEST_CASE("an end whose acknowledgement died with the lane is acknowledged by the next one", "[restart]") {
  world w;
  const auto id = w.submit();
  const auto fence = w.process.fence_of(id);
  w.store->after_commit = [&](std::span<const store::operation> ops) {
    if (testing::has<store::end>(ops) && w.starts_now("lane/fast") == 1) w.crash("lane/fast");
  };
  w.process.end(fence, outcome::succeeded);
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.process.forgotten.empty());
  w.advance(6s);
  CHECK(w.process.forgotten == std::vector<fence_t>{fence});
  CHECK(w.process.runs.size() == 1);
  w.drain(1s);
  CHECK(w.drained.size() == 2); // Nothing is held for ever.
}

TEST_CASE("a worker that is killed comes back and takes its attempts over from the runner", "[restart]") {
  world w;
  const auto id = w.submit();
  const auto fence = w.process.fence_of(id);
  w.advance(3s);
  w.kill("worker/fast");
  w.advance(1s);
  CHECK(w.starts("worker/fast") == 2);
  CHECK(w.process.runs.size() == 1);
  CHECK(w.process.stops.empty());
  CHECK(w.row(id).fence == fence);
  finish(w, id);
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.attempts(id).size() == 1);
}

TEST_CASE("an attempt that ends while its worker is down is not lost", "[restart]") {
  world w;
  const auto id = w.submit();
  const auto fence = w.process.fence_of(id);
  w.kill("worker/fast");
  w.process.end(fence, outcome::succeeded, "42");
  w.advance(1s);
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.store->rows->result(id).value() == "42");
  CHECK(w.process.runs.size() == 1);
  CHECK(w.process.forgotten == std::vector<fence_t>{fence});
}

TEST_CASE("a worker killed between order and start does not let the job run twice", "[restart]") {
  world w;
  w.process.starts = false;
  const auto id = w.submit();
  REQUIRE(w.process.runs.size() == 1);
  const auto fence = w.process.runs[0].fence;
  w.kill("worker/fast");
  w.advance(1s);
  CHECK(w.row(id).fence == fence);
  CHECK(w.process.runs.size() == 1);
  CHECK(w.process.stops.empty());
  w.process.start(fence);
  finish(w, id);
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.process.runs.size() == 1);
}

TEST_CASE("a link to the runner that is killed connects again and tells what ended meanwhile", "[restart]") {
  world w;
  const auto ends = w.submit();
  const auto stays = w.submit();
  w.advance(1s);
  w.kill("runner");
  w.process.end(w.process.fence_of(ends), outcome::succeeded);
  w.advance(1s);
  CHECK(w.state(ends) == job_state::succeeded);
  CHECK(w.state(stays) == job_state::running);
  w.advance(30s); // Its lease is renewed by the new link.
  finish(w, stays);
  CHECK(w.state(stays) == job_state::succeeded);
  CHECK(w.process.runs.size() == 2);
}

TEST_CASE("an end that the runner told before the worker joined reaches the worker", "[restart]") {
  world w;
  const auto id = w.submit();
  const auto fence = w.process.fence_of(id);
  w.crash("worker/fast");
  w.crash("runner");
  w.run();
  w.process.end(fence, outcome::succeeded);
  w.advance(2s);
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.attempts(id).size() == 1);
}

TEST_CASE("a membership that is killed takes the lanes along, and leases are watched again", "[restart]") {
  world w;
  const auto id = w.submit();
  w.advance(3s);
  w.kill("membership");
  w.advance(1s);
  CHECK(w.starts("membership") == 2);
  CHECK(w.starts("lane/fast") == 2);
  CHECK(w.starts("lane/slow") == 2);
  CHECK(w.state(id) == job_state::running);
  CHECK(w.process.runs.size() == 1);

  w.process.cut();
  w.advance(14s);
  CHECK(w.state(id) == job_state::running);
  w.advance(8s);
  CHECK(w.state(id) == job_state::ready);
  CHECK(w.attempts(id).at(0).ended_as == outcome::lost);
}

TEST_CASE("the store's reader is started again, and until then questions are answered with why not", "[restart]") {
  world w;
  const auto id = w.submit();
  w.kill("store_reader");
  const auto silent = w.ask_now<job_page>(w.scheduler(), get_jobs{{id}});
  REQUIRE(silent.failure);
  CHECK(silent.failure->code == errc::unavailable);
  w.advance(200ms);
  const auto page = w.ask_now<job_page>(w.scheduler(), get_jobs{{id, 99}});
  CHECK_FALSE(page.failure);
  REQUIRE(page.jobs.size() == 1);
  CHECK(page.jobs[0].id == id);
  CHECK(w.starts("store_reader") == 2);
}

TEST_CASE("a scheduler that is killed comes back and takes jobs", "[restart]") {
  world w;
  const auto before = w.submit();
  w.kill("scheduler");
  w.advance(200ms);
  const auto after = w.submit();
  CHECK(after > before);
  CHECK(w.state(before) == job_state::running);
  CHECK(w.state(after) == job_state::running);
}

TEST_CASE("a worker that is started again during a drain drains too", "[restart]") {
  world w;
  const auto done = w.submit();
  const auto kept = w.submit();
  w.drain(25s);
  w.kill("worker/fast");
  w.advance(1s);
  CHECK(w.starts("worker/fast") == 2);
  finish(w, done);
  w.advance(30s);
  CHECK(w.process.runs.size() == 2); // Nothing new.
  CHECK(w.state(done) == job_state::succeeded);
  CHECK(w.state(kept) == job_state::ready);
  CHECK(w.drained.contains("fast@a1"));
}

TEST_CASE("a drain that is ordered while a worker and the scheduler are down reaches their successors", "[restart]") {
  world w;
  const auto id = w.submit();
  w.kill("worker/fast");
  w.kill("scheduler");
  w.drain(2s);
  w.advance(1s);
  const auto refused = w.ask_now<receipts>(w.scheduler(), submit_jobs{{spec()}});
  REQUIRE(refused.items.at(0).failure);
  CHECK(refused.items[0].failure->code == errc::draining);
  w.advance(3s);
  CHECK(w.state(id) == job_state::ready);
  CHECK(w.drained.size() == 2);
}

TEST_CASE("a drain that is ordered as the node starts ends", "[restart]") {
  world_settings how;
  how.at_once = [](world& w) { w.drain(0s); };
  world w{how};
  w.advance(1s);
  CHECK(w.drained.size() == 2);
}

TEST_CASE("a broken link to the runner re-queues nothing before the lease ends", "[lease]") {
  world w;
  const auto id = w.submit();
  w.advance(7s); // Renewed at 5 s: until 20 s, as the node counts; the cell adds 1 s.
  w.process.cut();
  w.advance(13s);
  CHECK(w.state(id) == job_state::running);
  CHECK(w.process.running.begin()->second.deadline <= w.now());
  w.process.enforce_leases();
  w.advance(900ms);
  CHECK(w.state(id) == job_state::running);
  w.advance(200ms);
  CHECK(w.state(id) == job_state::ready);
  CHECK(w.row(id).counts.lost == 1);
  CHECK(w.attempts(id).at(0).ended_as == outcome::lost);

  w.process.mend();
  w.advance(3s); // The link tries again every 2 s by now.
  REQUIRE(w.process.runs.size() == 2);
  CHECK(w.process.runs[1].fence > w.process.runs[0].fence);
  finish(w, id);
  CHECK(w.state(id) == job_state::succeeded);
  w.advance(10s);
  CHECK(w.process.finished.empty()); // The stale end was refused, and forgotten.
}

TEST_CASE("a link that comes back in time changes nothing", "[lease]") {
  world w;
  const auto id = w.submit();
  w.advance(7s);
  w.process.cut();
  w.advance(9s);
  w.process.mend();
  w.advance(1min);
  CHECK(w.process.runs.size() == 2); // By its budget, in the end.
  CHECK(w.row(id).counts.lost == 0);
  CHECK(w.row(id).counts.demoted == 1);
}

TEST_CASE("a runner that is connected but says nothing is waited for without spinning", "[runner]") {
  world w;
  w.process.greets = false;
  w.process.cut();
  w.process.mend();
  w.advance(5s);
  const auto id = w.submit();
  CHECK(w.state(id) == job_state::ready);
  w.process.greets = true;
  w.process.cut();
  w.process.mend();
  w.advance(100ms);
  CHECK(w.state(id) == job_state::running);
}

TEST_CASE("a runner of another protocol ends the node with a clear message", "[runner]") {
  world w;
  w.process.cut();
  w.process.protocol = exec::protocol_version + 1;
  w.process.mend();
  w.advance(100ms);
  REQUIRE(w.failures.size() == 1);
  CHECK(w.failures[0].first == 1);
  CHECK(w.failures[0].second.find("protocol " + std::to_string(w.process.protocol)) != std::string::npos);
}

TEST_CASE("a planned stop lengthens every lease before it is granted", "[runner]") {
  world w;
  const auto id = w.submit();
  const auto ready = w.ask_now<bool>(w.find<runner_actor>("runner"), prepare_outage{5min});
  CHECK(ready);
  CHECK(w.row(id).lease == 5min);
  CHECK(w.process.running.at(w.process.fence_of(id)).deadline == w.now() + 5min);
}
