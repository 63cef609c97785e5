#include "fabric/scheduler/lane_setup.hpp"
#include "fabric/scheduler/node_orders.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::scheduler;

TEST_CASE("a drain takes its own time or the node's, and not for ever", "[node_orders]") {
  const auto all = config::defaults();
  CHECK(drain_order({}, all) == all.node.drain_timeout);
  CHECK(drain_order(3s, all) == duration{3s});
  CHECK(drain_order(61min, all).error().where == "deadline");
  CHECK(drain_order(-1s, all).error().code == errc::bad_input);
}

TEST_CASE("an order is for the node that is named, which must be here, or for the one that is asked", "[node_orders]") {
  CHECK(node_meant("", "a1", {"a1", "b1"}) == "a1");
  CHECK(node_meant("b1", "a1", {"a1", "b1"}) == "b1");
  const auto unknown = node_meant("b2", "a1", {"a1", "b1"});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == errc::not_found);
  CHECK(unknown.error().message == "no node named \"b2\" is here now; here are: a1, b1");
}

TEST_CASE("a lane is told what the configuration says of it, or that it is gone", "[lane_setup]") {
  auto all = config::defaults();
  all.node.workers["slow"] = 4;
  const auto policy = *make_policy(all);
  const auto news = lane_news(all, "fast", policy);
  REQUIRE(std::holds_alternative<lane::reconfigured>(news));
  const auto& how = std::get<lane::reconfigured>(news).how;
  CHECK(how.name == "fast");
  CHECK(how.budget == duration{60s});
  CHECK(how.lane_count == 2);
  CHECK(how.lanes == std::set<std::string>{"fast", "slow"});
  CHECK(std::holds_alternative<lane::retired>(lane_news(all, "medium", policy)));
  CHECK(slots_of(all, "fast") == 3);
  CHECK(slots_of(all, "slow") == 4);
  CHECK(slots_of(all, "medium") == 0);
}
