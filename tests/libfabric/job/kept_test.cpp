#include "fabric/job/transitions.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;

/// Where a job's checkpoint is, and what it is worth.
namespace {

constexpr time_point t0{std::chrono::hours{1000}};

job running_on(const std::string& node, job row = {}) {
  row.id = 1;
  row.lane = "fast";
  row.state = job_state::ready;
  return apply_lease(row, {row.fence + 1, node, std::chrono::seconds{15}}).value();
}

job after(const job& row, outcome how, bool started, bool saved = false) {
  attempt_end end;
  end.how = how;
  end.started = started;
  end.saved = saved;
  end.run_time = std::chrono::seconds{3};
  return apply_end(row, end, {.move_to = "slow", .lane_count = 9, .retry_after = {}}, 1, t0).value();
}

} // namespace

TEST_CASE("what an attempt left is on the node where it ran", "[job]") {
  CHECK(after(running_on("a1"), outcome::drained, false).kept_on.empty());
  for (const auto how : {outcome::failed, outcome::demoted, outcome::drained, outcome::checkpointed, outcome::lost}) {
    const auto first = after(running_on("a1"), how, true);
    CHECK(first.kept_on == "a1");
    CHECK(after(running_on("b1", first), outcome::drained, false).kept_on == "a1");
    CHECK(after(running_on("b1", first), outcome::failed, true).kept_on == "b1");
  }
}

TEST_CASE("of an attempt that was lost with its node the one before counts", "[job]") {
  const auto saved = after(running_on("a1"), outcome::demoted, true, true);
  const auto lost = after(running_on("b1", saved), outcome::lost, true);
  CHECK(lost.kept_on == "a1");
  CHECK(lost.kept_work == 3s);
  CHECK(lost.wasted == 3s);
}

TEST_CASE("saved work adds up until it is thrown away", "[job]") {
  auto row = after(running_on("a1"), outcome::demoted, true, true);
  row = after(running_on("b1", row), outcome::checkpointed, true, true);
  CHECK((row.kept_on == "b1" && row.kept_work == 6s && row.wasted == 0s));
  SECTION("by an attempt that could not have it") {
    const auto over = apply_start_over(running_on("c1", row)).value();
    CHECK((over.kept_on.empty() && over.kept_work == 0s && over.wasted == 6s));
    CHECK(wasted_by_end(row, over) == 6s);
    CHECK(after(over, outcome::failed, true).kept_on == "c1");
    CHECK(apply_start_over(row).error().code == errc::wrong_state);
  }
  SECTION("by a client's wish, which is no waste") {
    const auto reset = apply_reset(row);
    CHECK((reset.kept_on.empty() && reset.kept_work == 0s && reset.wasted == 0s));
    CHECK(reset.version == row.version + 1);
  }
}

TEST_CASE("an attempt over which its lane died may have left something, too", "[job]") {
  auto row = running_on("a1");
  for (int i = 0; i < 3; ++i) row = apply_lane_death(row, t0).value();
  REQUIRE(row.state == job_state::buried);
  CHECK(row.kept_on == "a1");
}
