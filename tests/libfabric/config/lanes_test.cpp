#include "fabric/config/lanes.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;

namespace {

config::root two_lanes() {
  config::root all;
  config::lane fast, slow;
  fast.name = "fast", fast.slots = 3;
  slow.name = "slow", slow.slots = 1;
  all.lanes = {fast, slow};
  all.node.workers["slow"] = 4;
  return all;
}

store::lane_counts counts(const std::string& lane, std::uint64_t ready, std::uint64_t running,
                          std::uint64_t succeeded = 0) {
  store::lane_counts c;
  c.lane = lane, c.ready = ready, c.running = running, c.succeeded = succeeded;
  return c;
}

TEST_CASE("slots need keepers only where a class is a command, or clients may bring one", "[config]") {
  config::root all;
  config::lane one;
  one.name = "one", one.slots = 5;
  all.lanes = {one};
  all.classes["calc"].handler = "calc";
  CHECK(config::keepers_on_node(all) == 0);
  all.allow_ad_hoc = true;
  CHECK(config::keepers_on_node(all) == 5);
  all.allow_ad_hoc = false;
  all.classes["sh"].command = {"/bin/sh"};
  CHECK(config::keepers_on_node(all) == 5);
}

} // namespace

TEST_CASE("a node's own number of slots goes over the lane's", "[config]") {
  const auto all = two_lanes();
  CHECK(config::slots_on_node(all, all.lanes[0]) == 3);
  CHECK(config::slots_on_node(all, all.lanes[1]) == 4);
  CHECK(config::slots_on_node(all) == 7);
}

TEST_CASE("jobs that are not final in lanes that are gone are named", "[config]") {
  const auto all = two_lanes();
  CHECK_FALSE(config::lanes_missing(all, {counts("fast", 5, 1), counts("old", 0, 0, 7)}));
  const auto why = config::lanes_missing(all, {counts("old", 2, 1), counts("slow", 1, 0), counts("older", 0, 1)});
  REQUIRE(why);
  CHECK(why->code == errc::unknown_lane);
  CHECK(why->where == "/lanes");
  CHECK(why->message.find("3 jobs in old and 1 job in older") != std::string::npos);
}
