#include "tests/libfabric/node/worker_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::node;
using namespace fabric::node::testing;

namespace {

/// A second attempt, of a job whose first left something on `node`.
start_order second(const bench& b, const std::string& node) {
  auto order = b.order(1);
  order.attempt = 2;
  order.kept_on = node;
  order.kept_work = 4s;
  return order;
}

/// One whose checkpoint is on its way.
struct waiting {
  bench b = bench::working();
  worker_effects out;
  waiting() { out = b.tell(lane_start{second(b, "b1")}, 1s); }
};

} // namespace

TEST_CASE("an attempt whose job left nothing elsewhere starts at once", "[worker]") {
  auto b = bench::working();
  CHECK(only<run_attempt>(b.begin(9)).size() == 1);
  CHECK(only<run_attempt>(b.tell(lane_start{second(b, "a1")})).size() == 1);
}

TEST_CASE("what was left on another node is brought before the attempt starts", "[worker]") {
  waiting w;
  CHECK(only<run_attempt>(w.out).empty());
  const auto asked = only<bring_checkpoint>(w.out);
  REQUIRE(asked.size() == 1);
  const auto& what = asked[0].what;
  CHECK((what.fence == 1 && what.job == 101 && what.job_class == "a" && what.from == "b1" && what.kept_work == 4s));
  CHECK(what.until == at(8s)); // The lease of 15 s counts from the want: half of what is left.
  CHECK(w.b.held_fences() == std::vector<fence_t>{1});
  CHECK(only<bring_checkpoint>(w.b.tell(lane_start{second(w.b, "b1")}, 2s)).empty()); // A repeat.
  const auto out = w.b.tell(checkpoint_settled{1, true}, 3s);
  REQUIRE(only<run_attempt>(out).size() == 1);
  CHECK(only<run_attempt>(out)[0].deadline == at(15s));
  CHECK(only<run_attempt>(w.b.tell(checkpoint_settled{1, true}, 3s)).empty());
}

TEST_CASE("after a reset what this node still has is cleared before the attempt starts", "[worker]") {
  auto b = bench::working();
  const auto asked = only<bring_checkpoint>(b.tell(lane_start{second(b, "")}));
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].what.from.empty());
}

TEST_CASE("an attempt does not start where it may find what it should not", "[worker]") {
  waiting w;
  CHECK(refusal(w.b.tell(checkpoint_settled{1, false}, 2s)).starts_with("what earlier attempts left"));
  CHECK(w.b.held_fences().empty());
}

TEST_CASE("while its checkpoint is brought an attempt can be stopped, handed back, or lose its runner", "[worker]") {
  waiting w;
  SECTION("stopped") {
    const auto out = w.b.tell(lane_stop{{1, stop_reason::cancel, 1s}}, 2s);
    CHECK(refusal(out) == "stopped before it was started");
    CHECK(only<stop_attempt>(out).empty());
  }
  SECTION("handed back") {
    const auto out = w.b.tell(drain{at(2s)}, 2s);
    CHECK(refusal(out) == "the node drains");
    const auto fates = only<drained>(out);
    REQUIRE(fates.size() == 1);
    REQUIRE(fates[0].fates.size() == 1);
    CHECK(fates[0].fates[0].what == "handed back");
  }
  SECTION("the runner is away when it has come") {
    w.b.tell(runner_down{}, 2s);
    CHECK(refusal(w.b.tell(checkpoint_settled{1, true}, 3s)) == "the node's runner is away");
  }
  SECTION("its lease is over when it has come") {
    CHECK(refusal(w.b.tell(checkpoint_settled{1, true}, 14500ms)).starts_with("its lease ended"));
  }
  SECTION("the lane has given it up") { CHECK_FALSE(refusal(w.b.tell(lane_forget{1}, 2s)).empty()); }
  CHECK(w.b.held_fences().empty());
  CHECK(only<run_attempt>(w.b.tell(checkpoint_settled{1, true}, 4s)).empty());
}
