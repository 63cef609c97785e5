#include "tests/libfabric/node/worker_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::node;
using namespace fabric::node::testing;

TEST_CASE("an attempt that was carried here is fetched, and told of once it is here") {
  auto b = bench::working();
  const auto out = b.tell(lane_take{{7, 107, 5}});
  CHECK(only<fetch_attempt>(out).at(0).order.fence == 7);
  const auto got = b.tell(runner_gave{{7, 107, 1, 3s, "fast"}}, 5s);
  CHECK(only<tell_started>(got).at(0).what.ran == 3s);
  REQUIRE(b.last.held.size() == 1);
  CHECK((b.last.held[0].fence == 7 && b.last.held[0].ran == 3s));
  const auto again = b.tell(lane_take{{7, 107, 5}}, 6s); // A repeat.
  CHECK(only<fetch_attempt>(again).empty());
  CHECK(only<tell_started>(again).at(0).what.ran == 4s);
}

TEST_CASE("while the runner is away nothing is fetched and nothing is missing") {
  bench b;
  b.tell(lane_up{});
  CHECK(b.tell(lane_take{{7, 107, 5}}).empty());
  b.tell(runner_up{{}});
  b.tell(runner_down{});
  CHECK(b.tell(lane_take{{7, 107, 5}}).empty());
}

TEST_CASE("what nobody on the node holds is absent") {
  auto b = bench::working();
  b.tell(lane_take{{7, 107, 5}});
  CHECK(only<tell_absent>(b.tell(runner_lacks{7})).at(0).what.fence == 7);
}

TEST_CASE("an attempt that another worker took is dropped without a word about it") {
  auto b = bench::working();
  b.run(7);
  const auto out = b.tell(runner_took{7});
  CHECK(only<stop_attempt>(out).empty());
  CHECK(only<tell_ended>(out).empty());
  CHECK(b.last.held.empty());
  CHECK(b.tell(runner_took{7}).empty());
}

TEST_CASE("an end that was not forgotten is told by the worker that fetched it") {
  auto b = bench::working();
  b.tell(lane_take{{7, 107, 5}});
  const auto out = b.tell(runner_ended{end_of(7)});
  CHECK(only<tell_ended>(out).at(0).what.fence == 7);
  CHECK(only<forget_attempt>(b.tell(lane_forget{7})).at(0).fence == 7);
}

TEST_CASE("what is fetched by a worker that has handed back is handed back too") {
  auto b = bench::working();
  b.run(8);
  b.tell(drain{at(0s)});
  const auto out = b.tell(runner_gave{{7, 107, 1, 3s, "fast"}});
  CHECK(only<stop_attempt>(out).at(0).order.why == stop_reason::drain);
}

TEST_CASE("a worker whose last attempt was carried away has drained") {
  auto b = bench::working();
  b.run(7);
  b.tell(drain{at(10s)});
  CHECK(only<drained>(b.tell(runner_took{7}, 1s)).at(0).fates.empty());
}
