#include "fabric/job/limits.hpp"
#include "fabric/job/transitions.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <random>
#include <set>
#include <utility>

/// Random sequences of operations against what states.hpp draws.
using namespace fabric;

namespace {

enum class op { lease, end, overflow, hand_back, due, cancel, kick, lane_death, extend, release };
constexpr int op_count = 10;

using edge = std::pair<job_state, job_state>;

/// The picture in states.hpp: what each operation may do, beside leaving the state as it is where `stays` says so.
const std::set<edge>& edges_of(op what) {
  using enum job_state;
  static const std::array<std::set<edge>, op_count> edges{{
      {{ready, running}},
      {{running, succeeded}, {running, buried}, {running, cancelled}, {running, scheduled}, {running, ready}},
      {{ready, ready}},
      {{ready, ready}},
      {{scheduled, ready}},
      {{waiting, cancelled}, {scheduled, cancelled}, {ready, cancelled}, {running, running}},
      {{buried, ready}, {buried, waiting}, {buried, scheduled}},
      {{waiting, waiting},
       {scheduled, scheduled},
       {ready, ready},
       {running, running},
       {waiting, buried},
       {scheduled, buried},
       {ready, buried},
       {running, buried}},
      {{running, running}},
      {{waiting, ready}, {waiting, scheduled}},
  }};
  return edges[static_cast<std::size_t>(what)];
}

struct world {
  std::mt19937_64 random;
  time_point now{1h};
  fence_t fence = 0;
  std::uint64_t order = 0;
  std::set<edge> seen{};

  std::uint64_t below(std::uint64_t n) { return random() % n; }

  expected<job> apply(op what, const job& j) {
    now += duration{static_cast<std::int64_t>(below(20'000'000))};
    switch (what) {
    case op::lease: return apply_lease(j, {++fence, "a" + std::to_string(below(3)), 15s});
    case op::end: return apply_random_end(j);
    case op::overflow: return apply_move(j, below(2) != 0 ? "fast" : "slow", true);
    case op::hand_back: return apply_move(j, below(2) != 0 ? "fast" : "slow", false);
    case op::due: return apply_due(j, now);
    case op::cancel: return apply_cancel(j, "asked", now);
    case op::kick: return apply_kick(j, {below(2) == 0, below(3) == 0 ? now + 5s : no_time}, now);
    case op::lane_death: return apply_lane_death(j, now);
    case op::release: return apply_release(j, {false, below(3) == 0 ? now + 5s : no_time}, now);
    case op::extend: return apply_extend(j, std::chrono::seconds{1 + below(100)});
    }
    return fail(errc::bad_input, "no such operation");
  }

  expected<job> apply_random_end(const job& j) {
    attempt_end end;
    // Success ends a run early; it is drawn less often than the rest.
    end.how = static_cast<outcome>(below(8) == 0 ? 1 : 2 + below(8));
    end.started = below(2) != 0;
    end.run_time = std::chrono::milliseconds{below(5000)};
    const end_decision decision{
        .move_to = below(4) == 0 ? "" : "slow", .lane_count = 3, .retry_after = std::chrono::seconds{below(60)}};
    return apply_end(j, end, decision, ++order, now);
  }
};

void check_row(const job& j) {
  REQUIRE((j.finished_at != no_time) == is_final(j.state));
  // A waiting job keeps the end of its delay.
  REQUIRE((j.run_at != no_time || j.state != job_state::scheduled));
  REQUIRE((j.run_at == no_time || j.state == job_state::scheduled || j.state == job_state::waiting));
  REQUIRE(j.node.empty() == (j.lease == 0s));
  REQUIRE((j.state != job_state::running || !j.node.empty()));
  REQUIRE((j.node.empty() || j.state == job_state::running || j.state == job_state::buried));
  REQUIRE((j.fence != 0) == (j.attempt != 0));
  REQUIRE(j.counts.failures <= j.max_attempts);
  REQUIRE(j.counts.memory <= limits::memory_cap);
  REQUIRE(j.counts.lost <= limits::lost_cap);
  REQUIRE(j.counts.demoted <= 3);
  REQUIRE(j.counts.checkpointed <= limits::checkpoint_cap);
  REQUIRE_FALSE((j.cancel_requested && !is_final(j.state) && j.state != job_state::running));
  REQUIRE_FALSE((j.state == job_state::buried && j.reason.empty()));
  REQUIRE(j.overflow_from != j.lane);
}

/// A job whose caps are used up is not live any more: nothing else could end it.
void check_caps(const job& before, const job& after, op what) {
  if (what != op::end || is_final(after.state)) return;
  REQUIRE(after.counts.failures < after.max_attempts);
  REQUIRE(after.counts.memory < limits::memory_cap);
  REQUIRE(after.counts.demoted < 3);
  REQUIRE((after.counts.lost < limits::lost_cap || after.counts.lost == before.counts.lost));
}

void check_step(const job& before, const job& after, op what) {
  REQUIRE(edges_of(what).contains({before.state, after.state}));
  REQUIRE(after.version == before.version + 1);
  REQUIRE(after.id == before.id);
  REQUIRE(after.job_class == before.job_class);
  REQUIRE(after.priority == before.priority);
  REQUIRE(after.submitted_at == before.submitted_at);
  REQUIRE(after.attempt == before.attempt + (what == op::lease ? 1 : 0));
  REQUIRE((what == op::lease ? after.fence > before.fence : after.fence == before.fence));
  REQUIRE(after.demoted_order >= before.demoted_order);
  REQUIRE(after.wasted >= before.wasted);
  check_caps(before, after, what);
  check_row(after);
}

} // namespace

TEST_CASE("no sequence of operations leaves the picture of the life cycle", "[job]") {
  std::set<edge> seen;
  std::array<int, op_count> done{};
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed);
    world w{.random = std::mt19937_64(seed)};
    constexpr std::array starts{job_state::waiting, job_state::scheduled, job_state::ready};
    job j;
    j.id = seed;
    j.job_class = "c";
    j.lane = "fast";
    j.state = starts[seed % 3];
    j.submitted_at = w.now;
    j.run_at = j.state == job_state::scheduled || seed % 6 == 0 ? w.now + 10s : no_time;
    if (j.state == job_state::ready) j.run_at = no_time;
    j.max_attempts = static_cast<std::uint32_t>(1 + seed % 4);
    for (int step = 0; step < 200; ++step) {
      // Cancels and lane deaths end most lives early, so that they are drawn less often.
      auto what = static_cast<op>(w.below(op_count));
      if ((what == op::cancel || what == op::lane_death) && w.below(10) != 0) what = op::end;
      INFO("step " << step << ", operation " << static_cast<int>(what) << ", from " << to_string(j.state));
      const auto after = w.apply(what, j);
      if (!after) {
        REQUIRE(after.error().code == errc::wrong_state);
        continue;
      }
      check_step(j, *after, what);
      seen.insert({j.state, after->state});
      ++done[static_cast<std::size_t>(what)];
      j = *after;
    }
  }
  // A run that never got anywhere would prove nothing.
  for (int what = 0; what < op_count; ++what) {
    INFO("operation " << what);
    CHECK(done[static_cast<std::size_t>(what)] > 10);
    for (const auto& [from, to] : edges_of(static_cast<op>(what))) {
      INFO(to_string(from) << " -> " << to_string(to));
      CHECK(seen.contains({from, to}));
    }
  }
}
