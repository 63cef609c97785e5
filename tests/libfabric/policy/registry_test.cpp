#include "fabric/policy/registry.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::policy;

namespace {

std::vector<lane_info> three() {
  return {{"fast", 1s, {}, {}, false}, {"mid", 10s, {}, {}, false}, {"slow", {}, {}, {}, false}};
}

std::shared_ptr<lane_policy> made(const std::string& name, std::vector<lane_info> lanes) {
  auto p = make_policy(name, std::move(lanes), {});
  REQUIRE(p);
  return *p;
}

errc refused(std::vector<lane_info> lanes, const std::string& where) {
  const auto p = make_policy("fast-first", std::move(lanes), {});
  REQUIRE_FALSE(p);
  CHECK(p.error().where == where);
  return p.error().code;
}

} // namespace

TEST_CASE("the registry names its policies") {
  CHECK(policy_names() == std::vector<std::string>{"fast-first", "slow-first"});
}

TEST_CASE("an unknown policy, parameter or list of lanes is refused") {
  CHECK(make_policy("slowest", three(), {}).error().where == "/routing/policy");
  CHECK(make_policy("fast-first", three(), {{"probe", "1"}}).error().where == "/routing/params/probe");
  CHECK(refused({}, "/lanes") == errc::bad_input);
  CHECK(refused({{"", {}, {}, {}, false}}, "/lanes/0/name") == errc::bad_input);
  CHECK(refused({{"a", {}, {}, {}, false}, {"a", {}, {}, {}, false}}, "/lanes/1/name") == errc::bad_input);
  CHECK(refused({{"a", 0s, {}, {}, false}}, "/lanes/0/budget") == errc::bad_input);
  CHECK(refused({{"a", 1s, "b", {}, false}}, "/lanes/0/on_timeout/move_to") == errc::unknown_lane);
  CHECK(refused({{"a", 1s, "a", {}, false}}, "/lanes/0/on_timeout/move_to") == errc::bad_input);
  auto lanes = three();
  lanes[0].move_to = "slow";
  lanes[0].fail = true;
  CHECK(refused(lanes, "/lanes/0/on_timeout") == errc::bad_input);
  lanes = three();
  lanes[1].modes = {demotion_mode::carry, demotion_mode::carry};
  CHECK(refused(lanes, "/lanes/1/on_timeout") == errc::bad_input);
}

TEST_CASE("every list of modes ends with a restart unless it has one") {
  auto lanes = three();
  lanes[0].modes = {demotion_mode::carry};
  lanes[1].modes = {demotion_mode::restart, demotion_mode::resume};
  const auto p = made("fast-first", lanes);
  CHECK(p->on_timeout({}, "fast", {}).modes == std::vector{demotion_mode::carry, demotion_mode::restart});
  CHECK(p->on_timeout({}, "mid", {}).modes == std::vector{demotion_mode::restart, demotion_mode::resume});
}
