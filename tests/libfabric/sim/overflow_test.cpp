#include "fabric/policy/registry.hpp"
#include "fabric/sim/lane_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;

namespace {

/// Slow-first over three lanes of one slot each.
sim::world_options three_lanes() {
  std::vector<policy::lane_info> infos{
      {"fast", 2s, {}, {}, false}, {"mid", 8s, {}, {}, false}, {"slow", {}, {}, {}, false}};
  std::vector<lane::settings> lanes;
  for (const auto& info : infos) {
    lane::settings how;
    how.name = info.name;
    how.budget = info.budget;
    how.lane_count = 3;
    lanes.push_back(how);
  }
  return {lanes,
          policy::make_policy("slow-first", infos, {}).value(),
          {{"a1", {{"fast", 1}, {"mid", 1}, {"slow", 1}}, {"work"}}},
          {},
          1};
}

job_id submit(sim::lane_world& world, std::optional<std::string> lane = {}) {
  job_spec spec;
  spec.job_class = "work";
  spec.lane = std::move(lane);
  return world.submit(spec);
}

std::string lane_of(const sim::lane_world& world, job_id id) {
  for (const auto& r : world.runs())
    if (r.job == id) return r.lane;
  return {};
}

} // namespace

TEST_CASE("an idle fast slot helps every slower lane, not only the slowest") {
  sim::lane_world world(three_lanes(), [](job_id, std::uint32_t) {
    return sim::lane_world::script{1s, outcome::succeeded};
  });
  world.run_until(world.start() + 1s);
  submit(world, "mid");
  const auto second = submit(world, "mid"); // The slow lane has nothing to give.
  CHECK(world.run_until_done(world.start() + 1min));
  CHECK(lane_of(world, second) == "fast");
  CHECK(world.violations().empty());
}

TEST_CASE("what three lanes give each other ends, and none waits beside an idle slot") {
  sim::lane_world world(three_lanes(), [](job_id, std::uint32_t) {
    return sim::lane_world::script{1s, outcome::succeeded};
  });
  world.run_until(world.start() + 1s);
  for (int i = 0; i < 10; ++i) {
    submit(world);
    submit(world, "mid");
  }
  CHECK(world.run_until_done(world.start() + 1min));
  CHECK(world.runs().size() == 20);
  CHECK(world.runs().back().end <= world.start() + 1s + 7s); // Three slots, all busy all the time.
  CHECK(world.violations().empty());
}
