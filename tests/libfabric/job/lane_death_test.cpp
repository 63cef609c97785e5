#include "fabric/job/transitions.hpp"

#include <catch2/catch_test_macros.hpp>

/// What becomes of a running job over which lane actors die.
using namespace fabric;

namespace {

constexpr time_point t0{1000h};

/// A running job over which a lane actor died `times` times.
job deadly(int times) {
  job row;
  row.id = 7;
  row.lane = "fast";
  row.state = job_state::running;
  row.fence = 11;
  row.attempt = 1;
  row.node = "a1";
  row.lease = 15s;
  for (int i = 0; i < times; ++i) row = apply_lane_death(row, t0).value();
  return row;
}

} // namespace

TEST_CASE("a running job over which a lane actor died twice keeps its lease, and its end buries it", "[job]") {
  CHECK_FALSE(is_condemned(deadly(1)));
  const auto condemned = deadly(2);
  CHECK(condemned.state == job_state::running);
  CHECK(is_condemned(condemned));
  CHECK_FALSE(condemned.node.empty());
  for (const auto how : {outcome::failed, outcome::lost, outcome::drained, outcome::cancelled, outcome::demoted}) {
    attempt_end end;
    end.how = how;
    const auto after = apply_end(condemned, end, {.move_to = "slow", .lane_count = 2, .retry_after = {}}, 1, t0);
    REQUIRE(after);
    CHECK(after->state == job_state::buried);
    CHECK(after->reason.find("died while handling it 2 times") != std::string::npos);
    CHECK(after->counts == condemned.counts);
    CHECK(after->node.empty());
    CHECK(apply_kick(*after, {}, t0));
  }
  attempt_end good;
  good.how = outcome::succeeded;
  CHECK(apply_end(condemned, good, {}, 0, t0)->state == job_state::succeeded);
  attempt_end stopped;
  stopped.how = outcome::cancelled;
  const auto asked = apply_cancel(condemned, "asked", t0);
  CHECK(apply_end(*asked, stopped, {}, 0, t0)->state == job_state::cancelled);
}

TEST_CASE("the third death buries a running job at once; a kick waits until its attempt is gone", "[job]") {
  const auto buried = deadly(3);
  CHECK(buried.state == job_state::buried);
  CHECK(buried.finished_at == t0);
  CHECK_FALSE(buried.reason.empty());
  const auto early = apply_kick(buried, {}, t0 + buried.lease);
  REQUIRE_FALSE(early);
  CHECK(early.error().code == errc::wrong_state);
  CHECK(early.error().message.find(buried.node) != std::string::npos);
  const auto late = apply_kick(buried, {}, t0 + buried.lease + 10s);
  REQUIRE(late);
  CHECK(late->node.empty());
  CHECK(late->lease == duration{0});
  const auto gone = apply_gone(buried);
  REQUIRE(gone);
  CHECK(apply_kick(*gone, {}, t0));
  CHECK_FALSE(apply_gone(*gone));
  CHECK_FALSE(apply_gone(deadly(1)));
}
