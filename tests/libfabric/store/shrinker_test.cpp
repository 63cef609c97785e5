#include "fabric/store/shrinker.hpp"

#include <catch2/catch_test_macros.hpp>

using fabric::store::shrinker;

TEST_CASE("a file shrinks when its free pages are many, and more than their share", "[store]") {
  shrinker decides({.many = 100, .share = 4, .leave = 20});
  CHECK(decides.wanted({0, 0}) == 0);
  CHECK(decides.wanted({120, 100}) == 0);
  CHECK(decides.wanted({1000, 250}) == 0);
  CHECK(decides.wanted({1000, 251}) == 231);
}

TEST_CASE("shrinking goes on until few free pages are left, and does not begin again at once", "[store]") {
  shrinker decides({.many = 100, .share = 4, .leave = 20});
  CHECK(decides.wanted({400, 110}) == 90);
  CHECK(decides.wanted({340, 50}) == 30);
  CHECK(decides.wanted({310, 20}) == 0);
  CHECK(decides.wanted({350, 60}) == 0);
  CHECK(decides.wanted({391, 101}) == 81);
}

TEST_CASE("rows that take the free pages end a shrinking", "[store]") {
  shrinker decides({.many = 100, .share = 4, .leave = 20});
  CHECK(decides.wanted({400, 110}) == 90);
  CHECK(decides.wanted({400, 5}) == 0);
  CHECK(decides.wanted({400, 90}) == 0);
}
