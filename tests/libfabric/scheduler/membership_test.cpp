#include "tests/libfabric/scheduler/membership_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

#include <iterator>

using namespace fabric;
using namespace fabric::scheduler;
using namespace fabric::scheduler::testing;

TEST_CASE("a membership without nodes and leases waits for nothing", "[membership]") {
  cell c;
  CHECK_FALSE(c.machine.wake_at());
  CHECK(c.tick(1h).empty());
  CHECK(c.machine.report(start).empty());
}

TEST_CASE("a renewal is answered with its number and the length of each lease", "[membership]") {
  cell c;
  c.lease(1, 0s);
  c.lease(2, 0s);
  const auto out = only<leases_granted>(c.renew({1, 2}, 5s));
  REQUIRE(out.size() == 1);
  CHECK(out[0].node == "a");
  CHECK(out[0].seq == 1);
  CHECK(out[0].lengths == lengths{{1, 15s}, {2, 15s}});
}

TEST_CASE("a renewal without leases is answered too", "[membership]") {
  cell c;
  const auto out = only<leases_granted>(c.renew({}, 0s));
  REQUIRE(out.size() == 1);
  CHECK(out[0].lengths.empty());
}

TEST_CASE("an unknown fence is not renewed", "[membership]") {
  cell c;
  c.lease(1, 0s);
  CHECK(c.round({1, 9}, 5s) == lengths{{1, 15s}});
}

TEST_CASE("the fence of another node is not renewed and keeps its end", "[membership]") {
  cell c;
  c.lease(1, 0s, 15s, "b");
  CHECK(c.round({1}, 6s).empty());
  CHECK(c.ended(16s) == std::vector<fence_t>{1});
}

TEST_CASE("a closed lease is neither renewed nor ended", "[membership]") {
  cell c;
  c.lease(1, 0s);
  CHECK(c.machine.handle(attempt_closed{1, "fast"}, at(1s)).empty());
  CHECK_FALSE(c.machine.wake_at());
  CHECK(c.round({1}, 2s).empty());
  CHECK(c.ended(1min).empty());
  CHECK(c.machine.handle(attempt_closed{1, "fast"}, at(1s)).empty());
}

TEST_CASE("a lease ends one slack after its length, for its lane, once", "[membership]") {
  cell c;
  c.lease(1, 0s);
  REQUIRE(c.machine.wake_at() == at(16s));
  CHECK(c.ended(16s - 1us).empty());
  const auto over = only<lease_ended>(c.tick(16s));
  REQUIRE(over.size() == 1);
  CHECK(over[0].lane == "fast");
  CHECK(over[0].fence == 1);
  CHECK(c.ended(17s).empty());
  CHECK(c.round({1}, 18s).empty());
}

TEST_CASE("a renewal moves the end, counted from its arrival", "[membership]") {
  cell c;
  c.lease(1, 0s);
  c.renew({1}, 7s);
  CHECK(c.ended(16s).empty());
  CHECK(c.ended(23s - 1us).empty());
  CHECK(c.ended(23s) == std::vector<fence_t>{1});
}

TEST_CASE("a lease doubles as the age of its attempt reaches 15 s, 30 s, 60 s and so on up to the longest",
          "[membership]") {
  cell c;
  c.lease(1, 0s);
  std::vector<std::pair<duration, duration>> asked;
  for (duration now = 5s; now <= 2h; now += 5s) {
    const auto out = c.renew({1}, now);
    for (const auto& e : only<extend_lease>(out)) {
      CHECK(e.id == 101);
      asked.emplace_back(now, e.length);
      c.machine.handle(lease_extended{1, e.length, true}, at(now));
    }
  }
  CHECK(asked == std::vector<std::pair<duration, duration>>{
                     {15s, 30s}, {30s, 60s}, {60s, 120s}, {120s, 240s}, {240s, 480s}, {480s, 960s}, {960s, 20min}});
}

TEST_CASE("a longer lease is granted only after its commit", "[membership]") {
  cell c;
  c.lease(1, 0s);
  const auto out = c.renew({1}, 15s);
  REQUIRE(only<extend_lease>(out).size() == 1);
  CHECK(only<leases_granted>(out)[0].lengths == lengths{{1, 15s}});
  CHECK(only<leases_granted>(c.renew({1}, 19s))[0].lengths == lengths{{1, 15s}});
  c.machine.handle(lease_extended{1, 30s, true}, at(19s));
  CHECK(c.machine.wake_at() == at(29s)); // The node's silence: a commit by itself grants nothing.
  CHECK(c.round({1}, 20s) == lengths{{1, 30s}});
}

TEST_CASE("a refused extension leaves the length and is asked again with the next renewal", "[membership]") {
  cell c;
  c.lease(1, 0s);
  c.renew({1}, 15s);
  c.machine.handle(lease_extended{1, 30s, false}, at(15s));
  const auto out = c.renew({1}, 16s);
  CHECK(only<leases_granted>(out)[0].lengths == lengths{{1, 15s}});
  REQUIRE(only<extend_lease>(out).size() == 1);
  CHECK(only<extend_lease>(out)[0].length == 30s);
}

TEST_CASE("an unanswered extension is asked again, but not with every renewal", "[membership]") {
  cell c;
  c.lease(1, 0s);
  REQUIRE(only<extend_lease>(c.renew({1}, 15s)).size() == 1);
  CHECK(only<extend_lease>(c.renew({1}, 17s)).empty());
  const auto again = only<extend_lease>(c.renew({1}, 20s));
  REQUIRE(again.size() == 1);
  CHECK(again[0].length == 30s);
}

TEST_CASE("the answer to a shorter extension does not stand for the longer one", "[membership]") {
  cell c;
  c.lease(1, 0s);
  c.renew({1}, 15s);
  c.machine.handle(grant_all{5min}, at(16s));
  c.machine.handle(lease_extended{1, 30s, true}, at(16s));
  CHECK(only<extend_lease>(c.machine.handle(grant_all{5min}, at(17s))).empty());
  CHECK(c.round({1}, 17s) == lengths{{1, 30s}});
  c.machine.handle(lease_extended{1, 5min, true}, at(18s));
  CHECK(c.round({1}, 18s) == lengths{{1, 5min}});
}

TEST_CASE("the answer for a closed lease changes nothing", "[membership]") {
  cell c;
  CHECK(c.machine.handle(lease_extended{7, 30s, true}, start).empty());
  CHECK_FALSE(c.machine.wake_at());
}

TEST_CASE("a planned stop asks at least the given length for every lease", "[membership]") {
  cell c;
  c.lease(1, 0s);
  c.lease(2, 0s, 10min);
  c.lease(3, 0s, 15s, "b");
  const auto asked = only<extend_lease>(c.machine.handle(grant_all{5min}, at(1s)));
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].fence == 1);
  CHECK(asked[0].length == 5min);
  CHECK(asked[1].fence == 3);
  for (const auto& e : asked) c.machine.handle(lease_extended{e.fence, e.length, true}, at(1s));
  CHECK(c.round({1, 2}, 2s) == lengths{{1, 5min}, {2, 10min}});
}

TEST_CASE("a restarted granter gives each attempt its stored length from now", "[membership]") {
  cell c;
  c.lease(1, 0s, 4min);
  CHECK(c.ended(4min + 1s - 1us).empty());
  CHECK(c.ended(4min + 1s) == std::vector<fence_t>{1});
}

TEST_CASE("a restart of the granter does not lengthen a lease by itself", "[membership]") {
  cell c;
  c.lease(1, 0s, 60s); // Its attempt is at least 30 s old, maybe not older.
  CHECK(c.round({1}, 5s) == lengths{{1, 60s}});
  CHECK(only<extend_lease>(c.renew({1}, 29s)).empty());
  const auto asked = only<extend_lease>(c.renew({1}, 30s));
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].length == 2min);
}

TEST_CASE("a length granted for a planned stop says nothing about the age of the attempt", "[membership]") {
  cell c;
  c.lease(1, 0s, 5min);
  for (duration now = 5s; now < 4min; now += 5s) CHECK(only<extend_lease>(c.renew({1}, now)).empty());
  CHECK(only<extend_lease>(c.renew({1}, 4min)).size() == 1);
}

TEST_CASE("a length beyond the longest is kept", "[membership]") {
  cell c;
  c.lease(1, 0s, 1h);
  CHECK(c.round({1}, 10min) == lengths{{1, 1h}});
}

TEST_CASE("a lane that tells of a lease again takes nothing back", "[membership]") {
  cell c;
  c.lease(1, 0s);
  for (duration now = 5s; now <= 70s; now += 5s) c.round({1}, now);
  REQUIRE(c.round({1}, 72s) == lengths{{1, 2min}});
  c.lease(1, 73s, 60s); // Read before the last extension was committed.
  CHECK(c.round({}, 80s).empty());
  CHECK(c.round({}, 89s).empty());
  CHECK(c.ended(73s + 61s).empty());
  CHECK(c.round({1}, 135s) == lengths{{1, 2min}});
}

TEST_CASE("a node that is silent for ten seconds is lost, once", "[membership]") {
  cell c;
  const auto hello = only<node_joined>(c.renew({}, 0s, "a", 7));
  REQUIRE(hello.size() == 1);
  CHECK(hello[0].boot == 7);
  CHECK(only<node_joined>(c.renew({}, 5s, "a", 7)).empty());
  REQUIRE(c.machine.wake_at() == at(15s));
  CHECK(c.tick(15s - 1us).empty());
  const auto lost = only<node_lost>(c.tick(15s));
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].node == "a");
  CHECK(lost[0].boot == 7);
  CHECK(c.tick(30s).empty());
  CHECK(only<node_joined>(c.renew({}, 31s, "a", 7)).size() == 1);
}

TEST_CASE("only the silent node is lost", "[membership]") {
  cell c;
  c.renew({}, 0s, "a");
  c.renew({}, 5s, "b");
  const auto lost = only<node_lost>(c.tick(10s));
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].node == "a");
}

TEST_CASE("a node that comes with another boot id joins anew", "[membership]") {
  cell c;
  c.renew({}, 0s, "a", 1);
  c.lease(1, 0s);
  const auto out = c.renew({1}, 1s, "a", 2);
  REQUIRE(only<node_joined>(out).size() == 1);
  CHECK(only<node_joined>(out)[0].boot == 2);
  CHECK(only<leases_granted>(out)[0].lengths == lengths{{1, 15s}}); // Its runner has kept the attempt.
  CHECK(only<node_lost>(c.tick(11s)).at(0).boot == 2);
}

TEST_CASE("the lease of a lost node ends at its end and not before", "[membership]") {
  cell c;
  c.lease(1, 0s, 60s);
  c.renew({1}, 1s);
  const auto out = c.tick(11s);
  CHECK(only<node_lost>(out).size() == 1);
  CHECK(only<lease_ended>(out).empty());
  CHECK(c.machine.wake_at() == at(62s));
  CHECK(c.ended(62s) == std::vector<fence_t>{1});
}

TEST_CASE("a timer that comes late gives every node and lease a full round first", "[membership]") {
  cell c;
  c.lease(1, 0s);
  c.lease(2, 0s, 20min);
  c.renew({1, 2}, 0s);
  REQUIRE(c.machine.wake_at() == at(10s));
  CHECK(c.tick(2min).empty()); // Frozen for almost two minutes.
  REQUIRE(c.machine.wake_at() == at(2min + 10s));
  CHECK(c.round({1, 2}, 2min + 1s) == lengths{{1, 15s}, {2, 20min}});
  CHECK(c.ended(2min + 12s).empty());
}

TEST_CASE("who stays silent after the round is lost, and its leases end", "[membership]") {
  cell c;
  c.lease(1, 0s);
  c.renew({1}, 0s);
  c.tick(2min);
  const auto out = c.tick(2min + 10s);
  CHECK(only<node_lost>(out).size() == 1);
  CHECK(only<lease_ended>(out).size() == 1);
}

TEST_CASE("a timer that is two seconds late is not yet a frozen process", "[membership]") {
  cell c;
  c.renew({}, 0s);
  CHECK(only<node_lost>(c.tick(12s)).size() == 1);
}

TEST_CASE("the report tells boot, silence and held leases per node", "[membership]") {
  cell c;
  c.renew({}, 0s, "a", 7);
  c.renew({}, 2s, "b", 8);
  c.lease(1, 0s);
  c.lease(2, 0s);
  const auto all = c.machine.report(at(3s));
  REQUIRE(all.size() == 2);
  CHECK(all[0].node == "a");
  CHECK(all[0].boot == 7);
  CHECK(all[0].silent == 3s);
  CHECK(all[0].held == 2);
  CHECK(all[1].silent == 1s);
  CHECK(all[1].held == 0);
}

TEST_CASE("an attempt that was carried is closed by the lane that has it now", "[membership]") {
  cell c;
  c.lease(1, 0s);
  c.machine.handle(attempt_leased{1, 101, "slow", "a", 15s}, at(5s));
  c.machine.handle(attempt_closed{1, "fast"}, at(6s));
  CHECK(c.round({1}, 7s) == lengths{{1, 15s}});
  c.machine.handle(attempt_closed{1, "slow"}, at(8s));
  CHECK(c.round({1}, 9s).empty());
}

TEST_CASE("the lane that a lease was carried to hears of its end", "[membership]") {
  cell c;
  c.lease(1, 0s);
  c.machine.handle(attempt_leased{1, 101, "slow", "a", 15s}, at(5s));
  std::vector<std::string> lanes;
  for (auto due = c.machine.wake_at(); due; due = c.machine.wake_at())
    for (const auto& e : only<lease_ended>(c.machine.handle(membership_tick{}, *due))) lanes.push_back(e.lane);
  CHECK(lanes == std::vector<std::string>{"slow"});
}
