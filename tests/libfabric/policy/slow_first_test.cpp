#include "fabric/policy/registry.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::policy;
using kind = timeout_decision::kind;

namespace {

std::shared_ptr<lane_policy> slow_first_over(std::vector<lane_info> lanes) {
  return make_policy("slow-first", std::move(lanes), {}).value();
}

const lane_info fast{"fast", 1s, {}, {}, false}, mid{"mid", 10s, {}, {}, false}, slow{"slow", 60s, {}, {}, false};
const job_facts from_mid{7, "c", {}, 0, 1, false, "mid"};

} // namespace

TEST_CASE("slow-first places every job in the last lane") {
  CHECK(slow_first_over({fast, mid, slow})->place({}, {}, 0.5) == "slow");
  CHECK(slow_first_over({fast})->place({}, {}, 0.5) == "fast");
}

TEST_CASE("in slow-first all faster lanes help, the fastest first") {
  const lane_info zap{"zap", 1s, {}, {}, false};
  const auto p = slow_first_over({zap, fast, slow});
  CHECK(p->helpers("slow") == std::vector<std::string>{"zap", "fast"});
  CHECK(p->helpers("zap").empty());
  CHECK(p->helpers("unknown").empty());
}

TEST_CASE("slow-first sends what times out back to where it came from, else to the last lane") {
  const auto p = slow_first_over({fast, mid, slow});
  CHECK(p->on_timeout(from_mid, "fast", {}).move_to == "mid");
  CHECK(p->on_timeout({}, "fast", {}).move_to == "slow");
  const job_facts from_nowhere{7, "c", {}, 0, 1, false, "no such lane"};
  CHECK(p->on_timeout(from_nowhere, "fast", {}).move_to == "slow");
}

TEST_CASE("slow-first fails what times out in the last lane, and in a lane that is configured so") {
  auto failing = fast;
  failing.fail = true;
  const auto p = slow_first_over({failing, mid, slow});
  CHECK(p->on_timeout({}, "slow", {}).what == kind::fail);
  CHECK(p->on_timeout(from_mid, "fast", {}).what == kind::fail);
}

TEST_CASE("slow-first follows a configured move_to before the lane a job came from") {
  auto straight = fast;
  straight.move_to = "slow";
  CHECK(slow_first_over({straight, mid, slow})->on_timeout(from_mid, "fast", {}).move_to == "slow");
}

TEST_CASE("slow-first lets idle slots take from all slower lanes, the slowest first") {
  const auto p = slow_first_over({fast, mid, slow});
  CHECK(p->overflow("fast", {}) == std::vector<std::string>{"slow", "mid"});
  CHECK(p->overflow("mid", {}) == std::vector<std::string>{"slow"});
  CHECK(p->overflow("slow", {}).empty());
  CHECK(p->overflow("elsewhere", {}).empty());
}
