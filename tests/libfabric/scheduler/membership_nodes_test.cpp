#include "tests/libfabric/scheduler/membership_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::scheduler;
using namespace fabric::scheduler::testing;

TEST_CASE("a node whose connection broke is lost at once, listed as lost, and its leases run on", "[membership]") {
  cell c;
  c.lease(1, 0s);
  c.renew({1}, 1s);
  const auto out = only<node_lost>(c.machine.handle(node_unlinked{"a", 1}, at(2s)));
  REQUIRE(out.size() == 1);
  CHECK_FALSE(out[0].silent);
  CHECK(c.machine.handle(node_unlinked{"a", 1}, at(2s)).empty());
  REQUIRE(c.machine.report(at(3s)).size() == 1);
  CHECK(c.machine.report(at(3s))[0].lost);
  CHECK(c.machine.report(at(3s))[0].held == 1);
  CHECK(c.ended(16s).empty());
  CHECK(c.ended(17s) == std::vector<fence_t>{1});
}

TEST_CASE("a node that comes back has joined anew; the end of an older life of it changes nothing", "[membership]") {
  cell c;
  c.renew({}, 0s);
  c.machine.handle(node_unlinked{"a", 1}, at(1s));
  CHECK(only<node_joined>(c.renew({}, 2s)).size() == 1);
  CHECK_FALSE(c.machine.report(at(2s))[0].lost);
  CHECK(c.machine.handle(node_unlinked{"a", 9}, at(3s)).empty());
  CHECK_FALSE(c.machine.report(at(3s))[0].lost);
}

TEST_CASE("a lost node is forgotten after an hour", "[membership]") {
  cell c;
  c.renew({}, 0s);
  c.machine.handle(node_unlinked{"a", 1}, at(1s));
  CHECK(c.machine.report(at(59min)).size() == 1);
  CHECK(c.machine.report(at(61min)).empty());
}

TEST_CASE("a planned stop tells everybody who holds a lease, once all are committed", "[membership]") {
  cell c;
  c.lease(1, 0s);
  c.lease(2, 0s);
  c.machine.handle(node_renewed{"a", 1, 7, {1}, 0}, at(1s));
  c.machine.handle(node_renewed{"a", 1, 3, {2}, 1}, at(1s)); // Its handlers.
  const auto asked = only<extend_lease>(c.machine.handle(grant_all{5min}, at(2s)));
  REQUIRE(asked.size() == 2);
  CHECK(only<leases_granted>(c.machine.handle(lease_extended{1, 5min, true}, at(2s))).empty());
  const auto told = only<leases_granted>(c.machine.handle(lease_extended{2, 5min, true}, at(3s)));
  REQUIRE(told.size() == 2);
  CHECK(told[0].seq == 7);
  CHECK(told[0].holder == 0);
  CHECK(told[0].lengths == lengths{{1, 5min}});
  CHECK(told[1].seq == 3);
  CHECK(told[1].holder == 1);
  CHECK(told[1].lengths == lengths{{2, 5min}});
  CHECK(c.ended(5min).empty()); // The granter's end is later than the holder's.
  CHECK(only<leases_granted>(c.machine.handle(lease_extended{2, 5min, true}, at(4s))).empty());
}
