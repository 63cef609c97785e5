#include "fabric/job/limits.hpp"
#include "fabric/job/transitions.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;

namespace {

job running() {
  job j;
  j.id = 7;
  j.job_class = "c";
  j.lane = "fast";
  j.state = job_state::running;
  j.version = 5;
  j.fence = 11;
  j.attempt = 1;
  j.node = "a1";
  j.lease = 15s;
  return j;
}

attempt_end ended(outcome how) {
  attempt_end end;
  end.how = how;
  end.started = true;
  end.run_time = 3s;
  end.reason = "why";
  return end;
}

job end_of(const job& before, const attempt_end& end) {
  const auto after =
      apply_end(before, end, {.move_to = "slow", .lane_count = 2, .retry_after = {}}, 99, time_point{1000h});
  REQUIRE(after);
  return *after;
}

} // namespace

TEST_CASE("a carry keeps the attempt and counts as a demotion") {
  const auto before = running();
  const auto after = apply_carry(before, {"slow", 10s, 2}, 99);
  REQUIRE(after);
  auto expected = before;
  ++expected.version;
  expected.lane = "slow";
  expected.ran_before = 10s;
  expected.demoted_order = 99;
  expected.counts.demoted = 1;
  CHECK(*after == expected);
  auto guest = before;
  guest.overflow_from = "slow";
  CHECK(apply_carry(guest, {"slow", 10s, 2}, 99)->overflow_from.empty());
}

TEST_CASE("what does not run, is to be stopped or would be buried is not carried") {
  const auto refused = [](const job& j, std::uint32_t lanes = 2) {
    const auto after = apply_carry(j, {"slow", 10s, lanes}, 99);
    return !after && after.error().code == errc::wrong_state;
  };
  auto j = running();
  for (const auto s : {job_state::waiting, job_state::ready, job_state::succeeded, job_state::buried}) {
    j.state = s;
    CHECK(refused(j));
  }
  j = running();
  CHECK(refused(j, 1));
  j.cancel_requested = true;
  CHECK(refused(j));
  j = running();
  j.lane_deaths = limits::lane_death_cap;
  CHECK(refused(j));
}

TEST_CASE("the stop of the lane before a carry is not a second demotion") {
  auto j = *apply_carry(running(), {"slow", 10s, 2}, 99);
  const auto after = end_of(j, ended(outcome::demoted));
  CHECK((after.state == job_state::ready && after.lane == "slow" && after.counts.demoted == 1));
  CHECK((after.demoted_order == 99 && after.ran_before == 0s && after.wasted == 3s));
}

TEST_CASE("work that was saved is not wasted") {
  for (const auto how : {outcome::demoted, outcome::lost, outcome::drained, outcome::checkpointed}) {
    auto end = ended(how);
    end.saved = true;
    CHECK(end_of(running(), end).wasted == 0s);
  }
  const auto before = running();
  CHECK(wasted_by_end(before, end_of(before, ended(outcome::demoted))) == 3s);
}
