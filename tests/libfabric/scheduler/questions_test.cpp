#include "fabric/scheduler/questions.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;

TEST_CASE("questions beyond the limit are refused by its name until others are answered") {
  scheduler::questions open(2);
  CHECK(open.begin());
  CHECK(open.begin());
  const auto third = open.begin();
  REQUIRE_FALSE(third);
  CHECK(third.error().code == errc::limit_reached);
  CHECK(third.error().message.find("limits.max_questions is 2") != std::string::npos);
  open.end();
  CHECK(open.begin());
}
