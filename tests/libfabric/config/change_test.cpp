#include "fabric/config/change.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::config;

namespace {

using list = std::vector<std::string>;

} // namespace

TEST_CASE("the values that differ are named, with what they were and become", "[change]") {
  const auto now = defaults();
  CHECK(differences(now, now).empty());
  auto next = now;
  next.lanes[0].slots = 7;
  next.node.workers["slow"] = 2;
  next.classes["new"].command = {"/bin/true"};
  next.node.memory_low = 0;
  next.lanes[0].budget.reset();
  CHECK(differences(now, next) == list{"/classes/new: added", "/lanes/0/budget: \"1m\" -> nothing",
                                       "/lanes/0/slots: 3 -> 7", "/node/memory_low: \"512MiB\" -> \"0B\"",
                                       "/node/workers/slow: nothing -> 2"});
  CHECK(differences(next, now).front() == "/classes/new: removed");
}

TEST_CASE("what only a restart changes is named, and nothing else", "[change]") {
  const auto now = defaults();
  auto next = now;
  next.lanes[0].budget = std::chrono::seconds{5};
  next.lanes.push_back(next.lanes[0]);
  next.lanes.back().name = "more";
  next.routing.policy = "slow-first";
  next.classes["x"].command = {"/bin/true"};
  next.node.workers["slow"] = 2;
  CHECK_FALSE(needs_restart(now, next));
  next.node.data = "/elsewhere";
  next.store.kind = "memory";
  const auto why = needs_restart(now, next);
  REQUIRE(why);
  CHECK(why->code == errc::not_allowed);
  CHECK(why->message.ends_with(": /node/data, /store/kind"));
}

TEST_CASE("lanes that go are found, whatever their place", "[change]") {
  const auto now = defaults();
  auto next = now;
  std::swap(next.lanes[0], next.lanes[1]);
  CHECK(lanes_removed(now, next).empty());
  next.lanes.pop_back();
  CHECK(lanes_removed(now, next) == list{"fast"});
}

TEST_CASE("a policy set by an operator is checked, and said to be his", "[change]") {
  loaded now{defaults(), {}};
  now.from.origins["/routing/policy"] = {"a.json", 3};
  const auto next = with_policy(now, "slow-first", {});
  REQUIRE(next);
  CHECK(next->all.routing.policy == "slow-first");
  CHECK(next->from.origins.at("/routing/policy").file == "fabric policy set");
  CHECK(with_policy(now, "slowest", {}).error().code == errc::bad_input);
  CHECK(with_policy(now, "slow-first", {{"x", "1"}}).error().where == "/routing/params/x");
}
