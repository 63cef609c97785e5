#include "fabric/policy/registry.hpp"
#include "fabric/sim/lane_world.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>

/// The deterministic cases of cases.json, whose timelines an independent model produced. Of D05, the note says that the
/// job is queued again at the timeout instant; `lane_semantics.grace` and the expected runs say at the end of the
/// grace, and win.

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

sim::world_options options_of(const json& in, std::vector<policy::demotion_mode> modes) {
  std::string policy = in.at("policy");
  std::replace(policy.begin(), policy.end(), '_', '-');
  const auto tau = seconds_of(in.at("tau"));
  auto made =
      policy::make_policy(policy, {{"fast", tau, {}, std::move(modes), false}, {"slow", {}, {}, {}, false}}, {});
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

/// What the job's earlier attempts have saved.
duration served(const sim::lane_world& world, job_id id) {
  duration sum{0};
  for (const auto& r : world.runs())
    if (r.job == id) sum += r.end - r.begin;
  return sum;
}

played play(const json& in, policy::demotion_mode mode) {
  played p;
  auto sizes = std::make_shared<std::map<job_id, duration>>();
  const bool resumes = mode == policy::demotion_mode::resume;
  p.world = std::make_unique<sim::lane_world>(options_of(in, {mode}), [&p, sizes, resumes](job_id id, std::uint32_t) {
    const auto left = sizes->at(id) - (resumes ? served(*p.world, id) : duration{0});
    return sim::lane_world::script{left, outcome::succeeded, resumes};
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

duration wasted(const played& p) {
  duration sum{0};
  const auto all = p.world->rows().wasted();
  for (const auto& [lane, lost] : all->lanes) sum += lost;
  return sum;
}

/// By runs that did not succeed, until they were proved gone; the world's runs end at the soft signal.
duration thrown_away(sim::lane_world& world) {
  duration sum{0};
  for (const auto& r : world.runs()) {
    const auto attempts = world.rows().attempts(r.job);
    for (const auto& a : *attempts)
      if (a.fence == r.fence && r.how != outcome::succeeded) sum += a.run_time;
  }
  return sum;
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
    if (!in.contains("mode")) continue;
    INFO(c.at("id") << ": " << c.at("name"));
    const bool resumes = in.at("mode") == "resume";
    const auto p = play(in, resumes ? policy::demotion_mode::resume : policy::demotion_mode::restart);
    REQUIRE(p.done);
    for (const auto& [name, want] : c.at("expected").at("jobs").items()) {
      INFO("job " << name);
      const auto id = p.ids.at(name);
      CHECK(runs_of(*p.world, id) == in_microseconds(want.at("runs")));
      CHECK(p.world->rows().find(id)->finished_at == p.world->start() + seconds_of(want.at("finish")));
    }
    CHECK(p.world->violations().empty());
    CHECK(wasted(p) == (resumes ? duration{0} : thrown_away(*p.world)));
    ++played_cases;
  }
  CHECK(played_cases == 10);
}

TEST_CASE("a carry ends every job when a resume that loses nothing does, in one attempt") {
  const auto all = load_cases();
  const auto& cases = all.at("cases");
  const auto c = std::find_if(cases.begin(), cases.end(), [](const json& one) { return one.at("id") == "D02"; });
  const auto p = play(c->at("inputs"), policy::demotion_mode::carry);
  REQUIRE(p.done);
  for (const auto& [name, want] : c->at("expected").at("jobs").items()) {
    INFO("job " << name);
    const auto row = p.world->rows().find(p.ids.at(name));
    CHECK(row->finished_at == p.world->start() + seconds_of(want.at("finish")));
    CHECK(row->attempt == 1);
    CHECK(row->counts.demoted + 1 == want.at("runs").size());
  }
  CHECK(wasted(p) == duration{0});
  CHECK(p.world->violations().empty());
}
