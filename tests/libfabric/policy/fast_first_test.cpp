#include "fabric/policy/registry.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::policy;
using kind = timeout_decision::kind;

namespace {

std::shared_ptr<lane_policy> fast_first_over(std::vector<lane_info> lanes) {
  return make_policy("fast-first", std::move(lanes), {}).value();
}

const lane_info fast{"fast", 1s, {}, {}, false}, mid{"mid", 10s, {}, {}, false}, slow{"slow", 60s, {}, {}, false};

} // namespace

TEST_CASE("fast-first places every job in the first lane") {
  const auto p = fast_first_over({fast, mid, slow});
  CHECK(p->place({}, {}, 0.0) == "fast");
  CHECK(p->place({7, "c", {}, 0, 3, true, {}}, {}, 0.99) == "fast");
}

TEST_CASE("fast-first moves what times out to the next lane, by restart") {
  const auto p = fast_first_over({fast, mid, slow});
  const auto first = p->on_timeout({}, "fast", {});
  CHECK(first.what == kind::move);
  CHECK(first.move_to == "mid");
  CHECK(first.modes == std::vector{demotion_mode::restart});
  CHECK(p->on_timeout({}, "mid", {}).move_to == "slow");
}

TEST_CASE("fast-first fails what times out in the last lane, and in a lane that is configured so") {
  auto failing = fast;
  failing.fail = true;
  const auto p = fast_first_over({failing, slow});
  CHECK(p->on_timeout({}, "slow", {}).what == kind::fail);
  CHECK(p->on_timeout({}, "fast", {}).what == kind::fail);
  CHECK(p->on_timeout({}, "elsewhere", {}).what == kind::fail);
}

TEST_CASE("fast-first follows a configured move_to, even out of the last lane") {
  auto skipping = fast;
  skipping.move_to = "slow";
  auto back = slow;
  back.move_to = "mid";
  const auto p = fast_first_over({skipping, mid, back});
  CHECK(p->on_timeout({}, "fast", {}).move_to == "slow");
  CHECK(p->on_timeout({}, "slow", {}).move_to == "mid");
}

TEST_CASE("fast-first lets no lane take another's jobs") {
  const auto p = fast_first_over({fast, mid, slow});
  for (const auto* lane : {"fast", "mid", "slow", "elsewhere"}) CHECK(p->overflow(lane, {}).empty());
}
