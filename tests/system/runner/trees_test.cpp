#include "fabric/exec/cgroup.hpp"

#include "tests/system/runner/harness.hpp"

#include <catch2/catch_test_macros.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>

using namespace harness;

TEST_CASE("what a job leaves behind is killed, and its exit counts", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  fence_t fence = 0;
  for (const char* mode : {"stray", "background"}) {
    c.send(sail(++fence, {mode}));
    const auto e = c.ended(fence);
    CHECK(e.end.how == outcome::succeeded);
    CHECK(e.end.result->rfind("{\"left\":", 0) == 0);
    CHECK(r.alive_jobs().empty());
  }
}

TEST_CASE("a tree whose members ignore the stop is gone at the end of the grace", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  c.send(shell(1, FABRIC_BIN_DIR
               "/fabric-sailor stray; trap '' TERM; setsid sh -c 'trap \"\" TERM; sleep 1000 & sleep 1000' & "
               "echo ready; while :; do sleep 1000; done"));
  c.started(1);
  REQUIRE(eventually([&] { return slurp(r.file(1001, "stdout")) == "ready\n" && r.alive_jobs().size() >= 4; }));
  c.send(stop{1, stop_reason::cancel, 100'000});
  CHECK(c.ended(1).end.how == outcome::cancelled);
  CHECK(r.alive_jobs().empty());
}

TEST_CASE("a keeper killed with -9 loses its attempt alone, tree and all", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  c.send(shell(1, FABRIC_BIN_DIR "/fabric-sailor stray; echo ready; exec sleep 1000"));
  c.send(shell(2, "echo ready; exec sleep 1000"));
  const auto first = c.started(1), second = c.started(2);
  REQUIRE(eventually([&] { return slurp(r.file(1001, "stdout")) == "ready\n"; }));
  const auto keeper = read_process(static_cast<pid_t>(first.pid))->parent;
  ::kill(keeper, SIGKILL);
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::lost);
  CHECK(e.end.started);
  CHECK(e.end.reason == "its keeper died");
  const auto left = r.alive_jobs();
  CHECK(std::all_of(left.begin(), left.end(), [&](const process& p) { return p.pid == second.pid; }));
  CHECK(left.size() == 1);
  c.send(order(3, {"/bin/true"}));
  CHECK(c.ended(3).end.how == outcome::succeeded);
}

TEST_CASE("when the runner is killed its keepers end their trees and the next runner tells", "[runner]") {
  runner_under_test r;
  {
    auto c = r.connect();
    c.send(shell(1, FABRIC_BIN_DIR "/fabric-sailor stray; echo ready; exec sleep 1000"));
    c.send(order(2, {"/bin/true"}));
    c.started(1);
    CHECK(c.ended(2).end.how == outcome::succeeded);
    REQUIRE(eventually([&] { return slurp(r.file(1001, "stdout")) == "ready\n"; }));
  }
  r.kill_runner();
  REQUIRE(eventually([&] { return r.alive_jobs().empty(); }));
  r.start();
  auto c = r.connect();
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::lost);
  CHECK(e.stopped == stop_reason::abandoned);
  CHECK(c.ended(2).end.how == outcome::succeeded);
  c.send(forget{1});
  c.send(forget{2});
  c.send(order(3, {"/bin/true"}));
  CHECK(c.ended(3).end.how == outcome::succeeded);
}

TEST_CASE("when runner and keepers are killed at once the next runner sweeps", "[runner]") {
  runner_under_test r;
  {
    auto c = r.connect();
    c.send(shell(1, FABRIC_BIN_DIR "/fabric-sailor stray; (trap '' TERM; sleep 1000) & echo ready; exec sleep 1000"));
    c.started(1);
    REQUIRE(eventually([&] { return slurp(r.file(1001, "stdout")) == "ready\n"; }));
  }
  const auto keepers = r.keepers();
  REQUIRE_FALSE(keepers.empty());
  ::kill(r.pid, SIGSTOP); // so that neither sees the other die
  for (const auto& k : keepers) ::kill(k.pid, SIGSTOP);
  for (const auto& k : keepers) ::kill(k.pid, SIGKILL);
  r.kill_runner();
  r.start();
  auto c = r.connect();
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::lost);
  CHECK(e.end.started);
  CHECK(e.end.reason == "its runner and keeper died");
  CHECK(r.alive_jobs().empty());
}

TEST_CASE("the lease's end kills although the runner is frozen", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  auto o = sail(1, {"ignore-term"});
  o.deadline_us = boottime_us() + 1'000'000;
  c.send(o);
  c.started(1);
  ::kill(r.pid, SIGSTOP);
  CHECK(eventually([&] { return r.alive_jobs().empty(); }));
  ::kill(r.pid, SIGCONT);
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::lost);
  CHECK(e.stopped == stop_reason::lease);
}

TEST_CASE("an extended lease lives on", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  auto o = shell(1, "while [ ! -e go ]; do sleep 0.02; done");
  o.deadline_us = boottime_us() + 3'000'000;
  const auto first_deadline = o.deadline_us;
  c.send(o);
  c.started(1);
  c.send(extend{{{1, boottime_us() + std::int64_t{600} * 1'000'000}}});
  REQUIRE(eventually([&] { return boottime_us() > first_deadline + 200'000; }));
  c.send(shell(2, "touch '" + r.file(1001, "go") + "'"));
  CHECK(c.ended(2).end.how == outcome::succeeded);
  CHECK(c.ended(1).end.how == outcome::succeeded);
}

TEST_CASE("hostile children at once are each attributed to their own job", "[runner]") {
  settings s;
  s.slots = 8;
  runner_under_test r(s);
  auto c = r.connect();
  const std::vector<std::vector<std::string>> modes{{"stray"}, {"exit", "4"}, {"background"}, {"crash", "11"},
                                                    {"ok"},    {"stray"},     {"exit", "5"},  {"half-result"}};
  for (int round = 0; round < 3; ++round) {
    const auto base = static_cast<fence_t>(1 + round * 8);
    for (std::size_t i = 0; i < modes.size(); ++i) c.send(sail(base + i, modes[i]));
    for (const std::size_t i : {0, 2, 4, 5}) CHECK(c.ended(base + i).end.how == outcome::succeeded);
    CHECK(c.ended(base + 1).end.reason == "exit code 4");
    CHECK(c.ended(base + 3).end.how == outcome::crashed);
    CHECK(c.ended(base + 6).end.reason == "exit code 5");
    CHECK(c.ended(base + 7).end.reason.rfind("bad_result", 0) == 0);
  }
  CHECK(r.alive_jobs().empty());
}

TEST_CASE("processes that fork faster than anybody looks are killed all the same", "[runner]") {
  if (cgroup_home().empty()) SKIP("no writable cgroup2 here: nothing can catch them");
  runner_under_test r;
  auto c = r.connect();
  for (const fence_t fence : {1, 2}) { // The second shows that the slot's cgroup is in use again.
    c.send(sail(fence, {"chain"}));
    c.started(fence);
    c.send(stop{fence, stop_reason::budget, 0});
    const auto e = c.ended(fence);
    CHECK(e.end.how == outcome::demoted);
    CHECK(r.alive_jobs().empty());
  }
}

TEST_CASE("a job that freezes its keeper outlives neither its lease nor its stop", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  auto leased = shell(1, "kill -STOP $PPID; while :; do sleep 1000; done");
  leased.deadline_us = boottime_us() + 1'000'000;
  c.send(leased);
  auto e = c.ended(1);
  CHECK(e.end.how == outcome::lost);
  CHECK(boottime_us() > leased.deadline_us);
  CHECK(r.alive_jobs().empty());
  c.send(shell(2, "kill -STOP $PPID; while :; do sleep 1000; done"));
  REQUIRE(eventually([&] {
    const auto keepers = r.keepers();
    return std::any_of(keepers.begin(), keepers.end(), [](const process& k) { return k.state == 'T'; });
  }));
  c.send(stop{2, stop_reason::budget, 0});
  e = c.ended(2);
  CHECK(e.end.how == outcome::lost);
  CHECK(r.alive_jobs().empty());
}

TEST_CASE("a stop that is repeated signals once", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  c.send(shell(1, "trap 'echo asked' TERM; echo ready; while [ ! -e go ]; do sleep 0.02; done; exit 3"));
  c.started(1);
  REQUIRE(eventually([&] { return slurp(r.file(1001, "stdout")) == "ready\n"; }));
  c.send(stop{1, stop_reason::budget, 60'000'000});
  REQUIRE(eventually([&] { return slurp(r.file(1001, "stdout")) == "ready\nasked\n"; }));
  for (int i = 0; i < 5; ++i) c.send(stop{1, stop_reason::budget, 60'000'000});
  c.send(shell(2, "touch '" + r.file(1001, "go") + "'")); // Behind the repeats on every wire.
  CHECK(c.ended(1).end.how == outcome::demoted);
  CHECK(slurp(r.file(1001, "stdout")) == "ready\nasked\n");
}
