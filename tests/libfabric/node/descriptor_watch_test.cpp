#include "fabric/node/descriptor_watch.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric::node;

TEST_CASE("descriptors are few below a 16th of the limit, and enough again at an eighth", "[descriptors]") {
  descriptor_watch w;
  CHECK_FALSE(w.see({100, 1600}));
  CHECK_FALSE(w.see({1500, 1600}));
  CHECK(w.see({1501, 1600}));
  CHECK(w.few());
  CHECK_FALSE(w.see({1401, 1600}));
  CHECK(w.see({1400, 1600}));
  CHECK_FALSE(w.few());
  CHECK(w.see({1600, 1600})); // None is free.
}

TEST_CASE("of a small limit some are kept all the same", "[descriptors]") {
  descriptor_watch w;
  CHECK_FALSE(w.see({48, 64}));
  CHECK(w.see({49, 64}));
  CHECK_FALSE(w.see({33, 64}));
  CHECK(w.see({32, 64}));
  CHECK(w.see({70, 64})); // The limit was lowered below what is open.
}
