#include "fabric/job/limits.hpp"
#include "fabric/job/transitions.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <initializer_list>

using namespace fabric;

namespace {

constexpr time_point t0{1000h};
constexpr auto states = {job_state::waiting,   job_state::scheduled, job_state::ready,    job_state::running,
                         job_state::succeeded, job_state::buried,    job_state::cancelled};

job in_state(job_state state) {
  job j;
  j.id = 7;
  j.job_class = "c";
  j.lane = "fast";
  j.state = state;
  j.version = 5;
  j.submitted_at = t0 - 1h;
  if (state == job_state::running) {
    j.fence = 11;
    j.attempt = 1;
    j.node = "a1";
    j.lease = 15s;
  }
  if (state == job_state::scheduled) j.run_at = t0 + 1min;
  if (is_final(state)) j.finished_at = t0 - 1min;
  return j;
}

attempt_end ended(outcome how) {
  attempt_end end;
  end.how = how;
  end.started = true;
  end.run_time = 3s;
  end.reason = how == outcome::succeeded ? "" : "why";
  return end;
}

const end_decision to_slow{.move_to = "slow", .lane_count = 2, .retry_after = 30s};

job end_of(const job& before, const attempt_end& end, const end_decision& decision = to_slow) {
  const auto after = apply_end(before, end, decision, 99, t0);
  REQUIRE(after);
  CHECK(after->version == before.version + 1);
  CHECK(after->state != job_state::running);
  CHECK(after->node.empty());
  CHECK(after->lease == 0s);
  CHECK(after->fence == before.fence);
  CHECK(after->attempt == before.attempt);
  CHECK((after->finished_at != no_time) == is_final(after->state));
  return *after;
}

job end_of(outcome how) { return end_of(in_state(job_state::running), ended(how)); }

template <class Transition> void only_from(std::initializer_list<job_state> allowed, Transition apply) {
  for (const auto state : states) {
    INFO(to_string(state));
    const auto after = apply(in_state(state));
    if (std::find(allowed.begin(), allowed.end(), state) != allowed.end()) {
      REQUIRE(after);
      CHECK(after->version == 6);
    } else {
      REQUIRE_FALSE(after);
      CHECK(after.error().code == errc::wrong_state);
      CHECK_FALSE(after.error().message.empty());
    }
  }
}

} // namespace

TEST_CASE("only a ready job can be leased", "[job]") {
  only_from({job_state::ready}, [](const job& j) { return apply_lease(j, {12, "a1", 15s}); });
}

TEST_CASE("a lease fixes node, fence and length and counts the attempt", "[job]") {
  const auto after = apply_lease(in_state(job_state::ready), {12, "a1", 15s});
  REQUIRE(after);
  CHECK(after->state == job_state::running);
  CHECK(after->fence == 12);
  CHECK(after->node == "a1");
  CHECK(after->lease == 15s);
  CHECK(after->attempt == 1);
}

TEST_CASE("only a running job can end, whatever the outcome", "[job]") {
  for (int how = 1; how <= 10; ++how)
    only_from({job_state::running},
              [&](const job& j) { return apply_end(j, ended(static_cast<outcome>(how)), to_slow, 1, t0); });
}

TEST_CASE("an end without a known outcome changes nothing", "[job]") {
  for (const int how : {0, 11, 255}) {
    const auto after = apply_end(in_state(job_state::running), ended(static_cast<outcome>(how)), to_slow, 1, t0);
    REQUIRE_FALSE(after);
    CHECK(after.error().code == errc::wrong_state);
  }
}

TEST_CASE("a succeeded attempt ends the job and clears what went wrong before", "[job]") {
  job before = in_state(job_state::running);
  before.reason = "exit code 1";
  const job after = end_of(before, ended(outcome::succeeded));
  CHECK(after.state == job_state::succeeded);
  CHECK(after.finished_at == t0);
  CHECK(after.reason.empty());
  CHECK(after.wasted == 0s);
}

TEST_CASE("a failed, crashed or timed-out attempt waits out its backoff", "[job]") {
  for (const auto how : {outcome::failed, outcome::crashed, outcome::timed_out}) {
    const job after = end_of(how);
    CHECK(after.state == job_state::scheduled);
    CHECK(after.run_at == t0 + 30s);
    CHECK(after.counts == attempt_counts{.failures = 1});
    CHECK(after.reason == "why");
    CHECK(after.lane == "fast");
    CHECK(after.wasted == 0s);
  }
}

TEST_CASE("failed, crashed and timed-out attempts share max_attempts", "[job]") {
  job j = in_state(job_state::running);
  j.max_attempts = 3;
  for (const auto how : {outcome::failed, outcome::crashed}) {
    j = end_of(j, ended(how));
    REQUIRE(j.state == job_state::scheduled);
    j.state = job_state::running;
  }
  j = end_of(j, ended(outcome::timed_out));
  CHECK(j.state == job_state::buried);
  CHECK(j.finished_at == t0);
  CHECK(j.run_at == no_time);
  CHECK(j.reason == "failed 3 times: why");
}

TEST_CASE("one attempt over the memory limit buries", "[job]") {
  const job after = end_of(outcome::memory_exceeded);
  CHECK(after.state == job_state::buried);
  CHECK(after.counts == attempt_counts{.memory = 1});
  CHECK(after.reason == "over the memory limit once: why");
}

TEST_CASE("a lost attempt is ready again and counted only if it had started", "[job]") {
  attempt_end end = ended(outcome::lost);
  const job counted = end_of(in_state(job_state::running), end);
  CHECK(counted.state == job_state::ready);
  CHECK(counted.counts == attempt_counts{.lost = 1});
  CHECK(counted.wasted == 3s);
  end.started = false;
  end.run_time = 0s;
  const job free = end_of(in_state(job_state::running), end);
  CHECK(free.state == job_state::ready);
  CHECK(free.counts == attempt_counts{});
}

TEST_CASE("the fifth loss buries, but only one of a started attempt", "[job]") {
  job before = in_state(job_state::running);
  before.counts.lost = limits::lost_cap - 1;
  attempt_end end = ended(outcome::lost);
  CHECK(end_of(before, end).state == job_state::buried);
  before.counts.lost = limits::lost_cap - 2;
  CHECK(end_of(before, end).state == job_state::ready);
  before.counts.lost = limits::lost_cap;
  end.started = false;
  CHECK(end_of(before, end).state == job_state::ready);
}

TEST_CASE("a demotion moves the job, gives it its place and counts the work thrown away", "[job]") {
  job before = in_state(job_state::running);
  before.overflow_from = "slow";
  before.wasted = 1s;
  const job after = end_of(before, ended(outcome::demoted));
  CHECK(after.state == job_state::ready);
  CHECK(after.lane == "slow");
  CHECK(after.demoted_order == 99);
  CHECK(after.overflow_from.empty());
  CHECK(after.counts == attempt_counts{.demoted = 1});
  CHECK(after.wasted == 4s);
}

TEST_CASE("as many demotions as there are lanes bury the job where it is", "[job]") {
  job before = in_state(job_state::running);
  before.counts.demoted = 1;
  const job after = end_of(before, ended(outcome::demoted));
  CHECK(after.state == job_state::buried);
  CHECK(after.lane == "fast");
  CHECK(after.demoted_order == 0);
  CHECK(after.reason == "demoted 2 times: why");
}

TEST_CASE("a demotion without a way out counts as timed out", "[job]") {
  const end_decision stuck{.move_to = "", .lane_count = 2, .retry_after = 5s};
  const job after = end_of(in_state(job_state::running), ended(outcome::demoted), stuck);
  CHECK(after.state == job_state::scheduled);
  CHECK(after.run_at == t0 + 5s);
  CHECK(after.counts == attempt_counts{.failures = 1});
  CHECK(after.lane == "fast");
  CHECK(after.wasted == 0s);
}

TEST_CASE("a checkpointed job is ready in its place until the thousandth time", "[job]") {
  job before = in_state(job_state::running);
  before.demoted_order = 4;
  job after = end_of(before, ended(outcome::checkpointed));
  CHECK(after.state == job_state::ready);
  CHECK(after.demoted_order == 4);
  CHECK(after.counts == attempt_counts{.checkpointed = 1});
  CHECK(after.wasted == 0s);
  before.counts.checkpointed = limits::checkpoint_cap - 1;
  CHECK(end_of(before, ended(outcome::checkpointed)).state == job_state::buried);
}

TEST_CASE("a drained attempt costs nothing but the work done", "[job]") {
  const job after = end_of(outcome::drained);
  CHECK(after.state == job_state::ready);
  CHECK(after.counts == attempt_counts{});
  CHECK(after.wasted == 3s);
}

TEST_CASE("a cancelled attempt ends the job", "[job]") {
  const job after = end_of(outcome::cancelled);
  CHECK(after.state == job_state::cancelled);
  CHECK(after.finished_at == t0);
  CHECK(after.reason == "why");
}

TEST_CASE("an end without a reason is explained by its outcome", "[job]") {
  attempt_end end = ended(outcome::crashed);
  end.reason.clear();
  CHECK(end_of(in_state(job_state::running), end).reason == "crashed");
}

TEST_CASE("a requested cancel wins over every outcome but success", "[job]") {
  auto before = apply_cancel(in_state(job_state::running), "not needed", t0);
  REQUIRE(before);
  for (int how = 1; how <= 10; ++how) {
    INFO(to_string(static_cast<outcome>(how)));
    const job after = end_of(*before, ended(static_cast<outcome>(how)));
    if (static_cast<outcome>(how) == outcome::succeeded) {
      CHECK(after.state == job_state::succeeded);
    } else {
      CHECK(after.state == job_state::cancelled);
      CHECK(after.reason == "not needed");
      CHECK(after.lane == "fast");
      CHECK(after.counts == attempt_counts{});
    }
  }
}

TEST_CASE("only ready jobs overflow, and the lane they left is kept", "[job]") {
  only_from({job_state::ready}, [](const job& j) { return apply_move(j, "other", true); });
  const auto after = apply_move(in_state(job_state::ready), "other", true);
  REQUIRE(after);
  CHECK(after->lane == "other");
  CHECK(after->overflow_from == "fast");
  CHECK(after->state == job_state::ready);
}

TEST_CASE("a job taken by overflow can only be handed back to where it came from", "[job]") {
  const auto taken = apply_move(in_state(job_state::ready), "other", true);
  REQUIRE(taken);
  CHECK_FALSE(apply_move(*taken, "third", true));
  CHECK_FALSE(apply_move(*taken, "third", false));
  const auto back = apply_move(*taken, "fast", false);
  REQUIRE(back);
  CHECK(back->lane == "fast");
  CHECK(back->overflow_from.empty());
  CHECK(back->version == 7);
}

TEST_CASE("a job that was not taken cannot be handed back, nor overflow into its own lane", "[job]") {
  CHECK_FALSE(apply_move(in_state(job_state::ready), "slow", false));
  CHECK_FALSE(apply_move(in_state(job_state::ready), "fast", true));
}

TEST_CASE("a scheduled job becomes ready at its instant and not before", "[job]") {
  only_from({job_state::scheduled}, [](const job& j) { return apply_due(j, t0 + 1min); });
  const job before = in_state(job_state::scheduled);
  const auto early = apply_due(before, before.run_at - duration{1});
  REQUIRE_FALSE(early);
  CHECK(early.error().code == errc::wrong_state);
  const auto due = apply_due(before, before.run_at);
  REQUIRE(due);
  CHECK(due->state == job_state::ready);
  CHECK(due->run_at == no_time);
}

TEST_CASE("a cancel takes a job that does not run at once, and waits for one that runs", "[job]") {
  only_from({job_state::waiting, job_state::scheduled, job_state::ready, job_state::running},
            [](const job& j) { return apply_cancel(j, "no", t0); });
  for (const auto state : {job_state::waiting, job_state::scheduled, job_state::ready}) {
    const auto after = apply_cancel(in_state(state), "no", t0);
    REQUIRE(after);
    CHECK(after->state == job_state::cancelled);
    CHECK(after->finished_at == t0);
    CHECK(after->run_at == no_time);
    CHECK(after->reason == "no");
    CHECK_FALSE(after->cancel_requested);
  }
  const auto asked = apply_cancel(in_state(job_state::running), "no", t0);
  REQUIRE(asked);
  CHECK(asked->state == job_state::running);
  CHECK(asked->cancel_requested);
  CHECK(asked->finished_at == no_time);
  const auto again = apply_cancel(*asked, "other", t0);
  REQUIRE(again);
  CHECK(again->reason == "no");
}

TEST_CASE("a kick gives a buried job all its attempts back", "[job]") {
  only_from({job_state::buried}, [](const job& j) { return apply_kick(j, {}, t0); });
  job before = in_state(job_state::buried);
  before.counts = {3, 1, 5, 2, 9};
  before.lane_deaths = 2;
  before.reason = "failed 3 times";
  before.attempt = 3;
  before.fence = 8;
  const auto after = apply_kick(before, {}, t0);
  REQUIRE(after);
  CHECK(after->state == job_state::ready);
  CHECK(after->counts == attempt_counts{});
  CHECK(after->lane_deaths == 0);
  CHECK(after->reason.empty());
  CHECK(after->finished_at == no_time);
  CHECK(after->attempt == 3);
  CHECK(after->fence == 8);
}

TEST_CASE("the second death of a lane actor buries the job it handled", "[job]") {
  only_from({job_state::waiting, job_state::scheduled, job_state::ready, job_state::running},
            [](const job& j) { return apply_lane_death(j, t0); });
  const auto once = apply_lane_death(in_state(job_state::ready), t0);
  REQUIRE(once);
  CHECK(once->state == job_state::ready);
  CHECK(once->lane_deaths == 1);
  const auto twice = apply_lane_death(*once, t0);
  REQUIRE(twice);
  CHECK(twice->state == job_state::buried);
  CHECK(twice->finished_at == t0);
  CHECK_FALSE(twice->reason.empty());
}

TEST_CASE("a lease is lengthened while the job runs, and never shortened", "[job]") {
  only_from({job_state::running}, [](const job& j) { return apply_extend(j, 30s); });
  CHECK(apply_extend(in_state(job_state::running), 30s)->lease == 30s);
  CHECK(apply_extend(in_state(job_state::running), 1s)->lease == 15s);
}
