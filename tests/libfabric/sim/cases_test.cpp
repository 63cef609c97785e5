#include "fabric/policy/registry.hpp"
#include "fabric/sim/lane_world.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>

/// The deterministic cases of cases.json, whose timelines an independent model produced. Not run: D02 (demotion by
/// resume comes with a later floor). Of D05, the note says that the job is queued again at the timeout instant;
/// `lane_semantics.grace` and the expected runs say at the end of the grace, and win.

using namespace fabric;
using nlohmann::json;

namespace {

json load_cases() {
  std::ifstream in(FABRIC_SOURCE_DIR "/tests/libfabric/sim/cases.json");
  return json::parse(in);
}

duration seconds_of(const json& value) {
  return duration{static_cast<duration::rep>(std::llround(value.get<double>() * 1e6))};
}

struct played {
  std::map<std::string, job_id> ids;
  std::unique_ptr<sim::lane_world> world;
  bool done = false;
};

sim::world_options options_of(const json& in) {
  std::string policy = in.at("policy");
  std::replace(policy.begin(), policy.end(), '_', '-');
  const auto tau = seconds_of(in.at("tau"));
  auto made = policy::make_policy(policy, {{"fast", tau, {}, {}, false}, {"slow", {}, {}, {}, false}}, {});
  REQUIRE(made);
  lane::settings fast;
  fast.name = "fast";
  fast.budget = tau;
  fast.grace = seconds_of(in.at("grace"));
  fast.lane_count = 2;
  auto slow = fast;
  slow.name = "slow";
  slow.budget.reset();
  sim::node_options node{"a1", {{"fast", in.at("fast")}, {"slow", in.at("slow")}}, {"work"}};
  return {{fast, slow}, *made, {node}, {}, 1};
}

played play(const json& in) {
  played p;
  auto sizes = std::make_shared<std::map<job_id, duration>>();
  p.world = std::make_unique<sim::lane_world>(options_of(in), [sizes](job_id id, std::uint32_t) {
    return sim::lane_world::script{sizes->at(id), outcome::succeeded};
  });
  auto& world = *p.world;
  for (const auto& j : in.at("jobs"))
    world.at(world.start() + seconds_of(j.at("arrival")), [&p, &world, sizes, j] {
      job_spec spec;
      spec.job_class = "work";
      const auto id = world.submit(spec);
      (*sizes)[id] = seconds_of(j.at("size"));
      p.ids[j.at("id")] = id;
    });
  world.run_until(world.start() + seconds_of(in.at("jobs").back().at("arrival")));
  p.done = world.run_until_done(world.start() + 10h);
  return p;
}

json runs_of(const sim::lane_world& world, job_id id) {
  json all = json::array();
  for (const auto& r : world.runs()) {
    if (r.job != id) continue;
    const auto at = [&](time_point t) { return (t - world.start()).count(); };
    all.push_back({r.lane, at(r.begin), at(r.end), r.how == outcome::succeeded ? "done" : "timeout"});
  }
  return all;
}

json in_microseconds(json runs) {
  for (auto& r : runs)
    for (auto& item : r)
      if (item.is_number()) item = seconds_of(item).count();
  return runs;
}

} // namespace

TEST_CASE("the real machines reproduce the deterministic timelines exactly") {
  int played_cases = 0;
  const auto all = load_cases();
  for (const auto& c : all.at("cases")) {
    const auto& in = c.at("inputs");
    if (in.at("mode") != "restart") continue;
    INFO(c.at("id") << ": " << c.at("name"));
    const auto p = play(in);
    REQUIRE(p.done);
    for (const auto& [name, want] : c.at("expected").at("jobs").items()) {
      INFO("job " << name);
      const auto id = p.ids.at(name);
      CHECK(runs_of(*p.world, id) == in_microseconds(want.at("runs")));
      CHECK(p.world->rows().find(id)->finished_at == p.world->start() + seconds_of(want.at("finish")));
    }
    CHECK(p.world->violations().empty());
    ++played_cases;
  }
  CHECK(played_cases == 9);
}
