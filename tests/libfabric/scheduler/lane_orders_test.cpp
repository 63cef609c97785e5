#include "fabric/scheduler/lane_orders.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::scheduler;

namespace {
constexpr time_point now{std::chrono::hours{1}};
const auto cell = config::defaults();
} // namespace

TEST_CASE("a pause begins now and ends after its length, if it has one") {
  CHECK(pause_order("fast", "why", 60s, cell, now)->wished == lane_pause{now, now + 60s, "why"});
  CHECK(pause_order("fast", "why", {}, cell, now)->wished == lane_pause{now, no_time, "why"});
  CHECK_FALSE(resume_order("slow", cell)->wished);
}

TEST_CASE("a pause of no lane, without a reason, or for no time is refused by name") {
  const auto lane = pause_order("fats", "why", {}, cell, now).error();
  CHECK(lane.code == errc::unknown_lane);
  CHECK(lane.message.find("did you mean \"fast\"?") != std::string::npos);
  CHECK(resume_order("fats", cell).error().code == errc::unknown_lane);
  for (const auto& reason : {std::string(), std::string(256, 'x'), std::string("two\nlines"), std::string("\xff")}) {
    const auto why = pause_order("fast", reason, {}, cell, now).error();
    CHECK(why.code == errc::bad_input);
    CHECK(why.where == "reason");
  }
  CHECK(pause_order("fast", std::string(255, 'x'), 1s, cell, now));
  CHECK(pause_order("fast", "why", 999ms, cell, now).error().where == "for");
}
