#include "fabric/node/memory_watch.hpp"

#include "tests/libfabric/node/worker_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::node;
using namespace fabric::node::testing;

TEST_CASE("memory is low below what is wanted, and enough again an eighth above it", "[memory]") {
  memory_watch w(800);
  CHECK_FALSE(w.see(800));
  CHECK(w.see(799));
  CHECK(w.state() == memory_state{true, 799, 800});
  CHECK_FALSE(w.see(899));
  CHECK(w.state().low);
  CHECK(w.see(900));
  CHECK_FALSE(w.state().low);
  CHECK_FALSE(w.see(800));
}

TEST_CASE("where nothing is wanted nothing is low", "[memory]") {
  memory_watch w(0);
  CHECK_FALSE(w.see(0));
  CHECK_FALSE(w.state().low);
}

TEST_CASE("while memory is low no slot is offered, and what runs goes on", "[memory]") {
  auto b = bench::working();
  b.run(1);
  CHECK(b.last.slots == 3);
  const auto out = b.tell(memory_read{{true, 100, 200}});
  CHECK(only<tell_want>(out).size() == 1);
  CHECK(only<stop_attempt>(out).empty());
  CHECK(b.last.slots == 0);
  CHECK(b.last.held.size() == 1);
  CHECK(b.machine.report(start).memory == memory_state{true, 100, 200});
  CHECK(b.tell(memory_read{{true, 90, 200}}).empty()); // Only the numbers changed.
  CHECK(b.machine.report(start).memory.available == 90);
  b.tell(memory_read{{false, 300, 200}});
  CHECK(b.last.slots == 3);
}

TEST_CASE("a start that crossed the news of low memory still runs: its lease is granted", "[memory]") {
  auto b = bench::working();
  const auto order = b.order(1);
  b.tell(memory_read{{true, 100, 200}});
  CHECK(only<run_attempt>(b.tell(lane_start{order})).size() == 1);
}
