#include "fabric/node/hosted_lanes.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric::node;

TEST_CASE("lanes that no longer live here are named once", "[hosted_lanes]") {
  hosted_lanes h;
  CHECK(h.host({"fast", "slow"}).empty());
  CHECK(h.lives_here("fast"));
  CHECK(h.host({"slow", "night"}) == std::vector<std::string>{"fast"});
  CHECK_FALSE(h.lives_here("fast"));
  CHECK(h.host({"slow", "night"}).empty());
}

TEST_CASE("what the cell says of a lane that lives here is no news", "[hosted_lanes]") {
  hosted_lanes h;
  h.host({"fast"});
  CHECK_FALSE(h.is_news("lane/fast"));
  CHECK(h.is_news("lane/slow"));
  CHECK(h.is_news("store"));
  CHECK(h.is_news("fast"));
}
