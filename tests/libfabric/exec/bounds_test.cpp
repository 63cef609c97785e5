#include "fabric/config/rules.hpp"
#include "fabric/exec/bounds.hpp"

#include <catch2/catch_test_macros.hpp>

TEST_CASE("a configuration may ask for as many slots as a runner keeps, and no more", "[exec]") {
  STATIC_CHECK(fabric::config::slots_max == fabric::exec::bounds::slots);
}
