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
