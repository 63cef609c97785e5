#include "fabric/config/lanes.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;

TEST_CASE("a node offers the lanes' slots, but for those it has a number of its own for", "[config]") {
  auto all = config::defaults(); // fast: 3, slow: 1.
  CHECK(config::slots_on_node(all) == 4);
  all.node.workers = {{"fast", 5}, {"slow", 0}};
  CHECK(config::slots_on_node(all, all.lanes[0]) == 5);
  CHECK(config::slots_on_node(all, all.lanes[1]) == 0);
  CHECK(config::slots_on_node(all) == 5);
}
