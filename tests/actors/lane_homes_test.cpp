#include "tests/actors/guest.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::actors;
using testing::guest;
using testing::world;
using testing::world_settings;

namespace {

const std::map<std::string, std::string> ssd{{"disk", "ssd"}};

/// The fast lane lives on nodes with an SSD.
world_settings spread_cell() {
  world_settings how;
  how.config.node.workers = {{"fast", 0}, {"slow", 0}};
  how.config.lanes[0].place = {config::lane_place::kind::labels, "", ssd};
  return how;
}

config::root with_ssd(const std::string& name) {
  auto how = guest::named(name);
  how.node.labels = ssd;
  return how;
}

lane::status fast_lane(world& w) {
  for (const auto& l : w.ask_now<lane_reports>(w.scheduler(), get_lanes{}).lanes)
    if (l.now.name == "fast") return l.now;
  throw std::runtime_error("no such lane");
}

} // namespace

TEST_CASE("a lane on another node keeps the order of its jobs there, and starts them wherever there are slots",
          "[lane_homes]") {
  world w{spread_cell()};
  const auto early = w.submit();
  w.advance(1s);
  CHECK(w.state(early) == job_state::ready);
  guest b{w, with_ssd("b1")};
  w.advance(1s);
  CHECK(b.has("lane/fast"));
  CHECK(fast_lane(w).serving);
  CHECK(w.state(early) == job_state::running);
  guest c{w, guest::named("c1"), 12};
  w.advance(1s);
  CHECK_FALSE(c.has("lane/fast"));
  for (int i = 0; i < 5; ++i) w.submit();
  w.run();
  CHECK(b.process.running.size() == 3);
  CHECK(c.process.running.size() == 3);
  CHECK(fast_lane(w).busy == 6);
}

TEST_CASE("a lane whose node is lost goes on, with a new epoch, on another that may have it", "[lane_homes]") {
  world w{spread_cell()};
  guest b{w, with_ssd("b1")};
  w.advance(1s);
  guest c{w, with_ssd("c1"), 12};
  w.advance(1s);
  CHECK_FALSE(c.has("lane/fast"));
  std::vector<job_id> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(w.submit());
  w.run();
  CHECK(c.process.running.size() == 3);
  const auto epoch = fast_lane(w).epoch;
  b.cut_off();
  w.advance(2s);
  CHECK(c.has("lane/fast"));
  CHECK(fast_lane(w).epoch > epoch);
  CHECK(fast_lane(w).running == 6);
  const auto next = w.submit();
  const auto ends = w.row(ids[0]).node == "c1" ? ids[0] : ids[3];
  c.process.end(c.process.fence_of(ends), outcome::succeeded);
  w.run();
  CHECK(w.state(ends) == job_state::succeeded);
  CHECK(w.row(next).node == "c1");
  // The lane stays where it is when its first node is back, with all that this one ran.
  b.mend();
  w.advance(5s);
  CHECK(b.process.running.size() == 3);
  for (const auto id : ids)
    if (w.row(id).node == "b1" && w.state(id) == job_state::running) {
      b.process.end(b.process.fence_of(id), outcome::succeeded);
      w.run();
      CHECK(w.state(id) == job_state::succeeded);
      CHECK(w.attempts(id).size() == 1);
    }
}

TEST_CASE("a lane actor on another node is started again when it dies", "[lane_homes]") {
  world w{spread_cell()};
  guest b{w, with_ssd("b1")};
  w.advance(1s);
  const auto id = w.submit();
  w.run();
  b.kill("lane/fast");
  w.advance(2s);
  CHECK(fast_lane(w).serving);
  const auto other = w.submit();
  w.run();
  CHECK(w.state(other) == job_state::running);
  b.process.end(b.process.fence_of(id), outcome::succeeded);
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
}

TEST_CASE("a job over its budget moves from a lane on one node to a lane on another", "[lane_homes]") {
  auto how = spread_cell();
  how.config.lanes[0].budget = 10s;
  for (const auto mode :
       {policy::demotion_mode::restart, policy::demotion_mode::resume, policy::demotion_mode::carry}) {
    how.config.lanes[0].timeout.modes = {mode};
    how.config.lanes[1].place = {config::lane_place::kind::node, "c1", {}};
    world w{how};
    guest b{w, with_ssd("b1")};
    w.advance(1s);
    guest c{w, guest::named("c1"), 12};
    w.advance(1s);
    REQUIRE(b.has("lane/fast"));
    REQUIRE(c.has("lane/slow"));
    const auto id = w.submit();
    w.run();
    auto& runs_it = w.row(id).node == "b1" ? b : c;
    w.advance(11s);
    const auto row = w.row(id);
    CHECK(row.lane == "slow");
    CHECK(row.state == job_state::running);
    CHECK(row.attempt == (mode == policy::demotion_mode::carry ? 1 : 2));
    auto& runs_now = row.node == "b1" ? b : c;
    if (mode == policy::demotion_mode::carry) CHECK(&runs_now == &runs_it);
    runs_now.process.end(runs_now.process.fence_of(id), outcome::succeeded, "1");
    w.run();
    CHECK(w.state(id) == job_state::succeeded);
  }
}

TEST_CASE("an idle slot of a lane on one node takes a job of a lane on another", "[lane_homes]") {
  auto how = spread_cell();
  how.config.routing.policy = "slow-first";
  how.config.lanes[1].place = {config::lane_place::kind::node, "c1", {}};
  world w{how};
  guest b{w, with_ssd("b1")};
  w.advance(1s);
  auto quiet = guest::named("c1");
  quiet.node.workers = {{"fast", 0}, {"slow", 1}};
  guest c{w, quiet, 12};
  w.advance(2s);
  std::vector<job_id> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(w.submit());
  w.advance(2s);
  for (const auto id : ids) CHECK(w.state(id) == job_state::running);
  CHECK(c.process.running.size() + b.process.running.size() == 4);
}
