#include "fabric/policy/run_times.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::policy;

TEST_CASE("quantiles of a class are those of its run times", "[policy]") {
  run_times times;
  for (int i = 1; i <= 100; ++i) times.add("a", std::chrono::milliseconds{i});
  const auto view = times.view();
  REQUIRE(view.size() == 1);
  CHECK(view.at("a").p50 == 50ms);
  CHECK(view.at("a").p95 == 95ms);
  CHECK(view.at("a").p99 == 99ms);
  CHECK(view.at("a").samples == 100);
}

TEST_CASE("old run times are forgotten, their number is not", "[policy]") {
  run_times times;
  for (std::size_t i = 0; i < run_times::remembered; ++i) times.add("a", 1s);
  for (std::size_t i = 0; i < run_times::remembered; ++i) times.add("a", 3s);
  CHECK(times.view().at("a").p50 == 3s);
  CHECK(times.view().at("a").samples == 2 * run_times::remembered);
}

TEST_CASE("nothing is known of a class that never ran", "[policy]") { CHECK(run_times{}.view().empty()); }
