#include "fabric/job/transitions.hpp"

#include <catch2/catch_test_macros.hpp>

/// Jobs with an ordering key, as far as one row can tell.
using namespace fabric;

namespace {

constexpr time_point t0{1000h};

job fresh(duration delay = {}) {
  job j;
  j.id = 7;
  j.ordering_key = "k";
  j.key_order = 7;
  j.submitted_at = t0;
  if (delay > 0s) j.run_at = t0 + delay;
  return j;
}

job waiting(duration delay = {}) { return apply_submit(fresh(delay), {true, no_time}, t0); }

} // namespace

TEST_CASE("a new job waits behind others of its key, else begins as its delay says", "[job]") {
  CHECK(apply_submit(fresh(), {}, t0).state == job_state::ready);
  CHECK(apply_submit(fresh(5s), {}, t0).state == job_state::scheduled);
  CHECK(apply_submit(fresh(5s), {}, t0).run_at == t0 + 5s);
  CHECK(waiting().state == job_state::waiting);
  CHECK(waiting().run_at == no_time);
  CHECK(waiting(5s).state == job_state::waiting);
  CHECK(waiting(5s).run_at == t0 + 5s);
  CHECK(waiting(5s).version == 1);
}

TEST_CASE("a released job is ready, or scheduled while its own delay is not over", "[job]") {
  const auto now = apply_release(waiting(5s), {}, t0 + 5s);
  REQUIRE(now);
  CHECK(now->state == job_state::ready);
  CHECK(now->run_at == no_time);
  CHECK(now->version == 2);
  const auto later = apply_release(waiting(5s), {}, t0 + 4s);
  REQUIRE(later);
  CHECK(later->state == job_state::scheduled);
  CHECK(later->run_at == t0 + 5s);
  for (const auto state : {job_state::scheduled, job_state::ready, job_state::running, job_state::succeeded,
                           job_state::buried, job_state::cancelled}) {
    auto other = fresh();
    other.state = state;
    const auto refused = apply_release(other, {}, t0);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::wrong_state);
  }
}

TEST_CASE("nothing of a key starts before what a buried job of it left behind must be gone", "[job]") {
  const line_terms left{false, t0 + 25s};
  CHECK(apply_submit(fresh(), left, t0).run_at == t0 + 25s);
  CHECK(apply_submit(fresh(60s), left, t0).run_at == t0 + 60s);
  CHECK(apply_release(waiting(), left, t0)->state == job_state::scheduled);
  CHECK(apply_release(waiting(), left, t0 + 25s)->state == job_state::ready);
  auto buried = fresh();
  buried.state = job_state::buried;
  buried.finished_at = t0;
  CHECK(left_until(buried) == no_time);
  CHECK_FALSE(is_in_line(buried));
  buried.node = "a1";
  buried.lease = 15s;
  CHECK(left_until(buried) == t0 + 25s);
  CHECK(is_in_line(buried));
  buried.ordering_key.clear();
  CHECK_FALSE(is_in_line(buried));
}

TEST_CASE("a kicked job waits behind others of its key, and keeps no delay of old", "[job]") {
  auto buried = fresh();
  buried.state = job_state::buried;
  buried.finished_at = t0;
  const auto kicked = apply_kick(buried, {true, no_time}, t0 + 1s);
  REQUIRE(kicked);
  CHECK(kicked->state == job_state::waiting);
  CHECK(kicked->run_at == no_time);
  CHECK(apply_kick(buried, {}, t0 + 1s)->state == job_state::ready);
}
