#include "tests/actors/world.hpp"

#include <caf/event_based_actor.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::actors;
using testing::world;
using testing::world_settings;

namespace {

/// Children that do nothing, and when they began and ended.
struct nursery {
  explicit nursery(world& where) : w(where), born(where.now()) {}
  ~nursery() { w.stop(); }

  child_spec child(const std::string& name, supervision::intensity limit = {}) {
    return {name, supervision::rule::permanent, limit, [this, name] { return spawn(name); }, {}};
  }

  caf::strong_actor_ptr spawn(const std::string& name) {
    starts[name].push_back(w.now() - born);
    const auto made = w.system().spawn([](caf::event_based_actor* self) -> caf::behavior {
      harden(self);
      return {[](stop_children) {}};
    });
    made->attach_functor([this, name] { ends.push_back(name); });
    return newest[name] = caf::actor_cast<caf::strong_actor_ptr>(made);
  }

  void kill(const std::string& name) {
    caf::anon_send_exit(newest.at(name), caf::exit_reason::kill);
    w.run();
  }

  world& w;
  time_point born;
  std::map<std::string, caf::strong_actor_ptr> newest;
  std::map<std::string, std::vector<duration>> starts; ///< Since the nursery was opened.
  std::vector<std::string> ends;
};

world_settings bare() {
  world_settings how;
  how.with_node = false;
  return how;
}

} // namespace

TEST_CASE("a child that ends is started again, later each time", "[supervisor]") {
  world w{bare()};
  nursery n{w};
  const auto supervisor = w.supervise({n.child("a"), n.child("b")});
  w.run();
  std::vector<duration> delays;
  for (int i = 0; i < 4; ++i) {
    const auto before = w.now() - n.born;
    n.kill("a");
    w.advance(3s);
    delays.push_back(n.starts["a"].back() - before);
  }
  CHECK(delays == std::vector<duration>{100ms, 200ms, 400ms, 800ms});
  CHECK(n.starts["b"].size() == 1);
  w.advance(60s); // What is long ago is forgotten.
  const auto before = w.now() - n.born;
  n.kill("a");
  w.advance(1s);
  CHECK(n.starts["a"].back() - before == 100ms);
  const auto report = w.ask_now<child_reports>(supervisor, get_children{});
  REQUIRE(report.children.size() == 2);
  CHECK(report.children[0].starts == 6);
  CHECK(report.children[0].alive);
  CHECK(w.failures.empty());
}

TEST_CASE("a child that cannot be kept alive takes the node down with a clear message", "[supervisor]") {
  world w{bare()};
  nursery n{w};
  w.supervise({n.child("lane/fast", {.restarts = 3, .within = 30s})});
  w.run();
  for (int i = 0; i < 3; ++i) {
    n.kill("lane/fast");
    w.advance(1s);
    CHECK(w.failures.empty());
  }
  n.kill("lane/fast");
  REQUIRE(w.failures.size() == 1);
  CHECK(w.failures[0].first == 71);
  CHECK(w.failures[0].second.find("lane/fast") != std::string::npos);
  CHECK(w.failures[0].second.find("4 times within 30 s") != std::string::npos);
  w.advance(1min);
  CHECK(n.starts["lane/fast"].size() == 4); // Not started again.
}

TEST_CASE("a child without restarts escalates at its first end", "[supervisor]") {
  world w{bare()};
  nursery n{w};
  w.supervise({n.child("store", {.restarts = 0})});
  w.run();
  n.kill("store");
  REQUIRE(w.failures.size() == 1);
  CHECK(w.failures[0].first == 71);
}

TEST_CASE("a child ends those whose state depends on it, also one that came back before it", "[supervisor]") {
  world w{bare()};
  nursery n{w};
  auto parent = n.child("parent", {.restarts = 5, .within = 30s, .backoff = 1s});
  parent.takes_along = {"child"};
  w.supervise({parent, n.child("child"), n.child("other")});
  w.run();
  n.kill("parent");
  w.advance(5s);
  CHECK(n.starts["child"].size() == 3); // With it, and again since it was faster.
  CHECK(n.starts["child"].back() > n.starts["parent"].back());

  n.kill("child"); // Down when the parent ends: nothing to take along then.
  n.kill("parent");
  w.advance(10s);
  CHECK(n.starts["child"].back() > n.starts["parent"].back());
  CHECK(n.starts["other"].size() == 1);
  CHECK(w.failures.empty());
}

TEST_CASE("children are ended in reverse order, and not started again", "[supervisor]") {
  world w{bare()};
  nursery n{w};
  const auto supervisor = w.supervise({n.child("a"), n.child("b"), n.child("c")});
  w.run();
  n.kill("b"); // Waits for its restart.
  tell_anon(supervisor, stop_children{});
  w.advance(10s);
  CHECK(n.ends == std::vector<std::string>{"b", "c", "a"});
  CHECK(n.starts["b"].size() == 1);
}

TEST_CASE("every incarnation is told of a drain, with the earliest deadline, before anybody knows it", "[supervisor]") {
  world w{bare()};
  nursery n{w};
  std::vector<std::pair<caf::strong_actor_ptr, time_point>> told;
  auto spec = n.child("a");
  spec.drain = [&](const caf::strong_actor_ptr& whom, time_point by) { told.emplace_back(whom, by); };
  const auto supervisor = w.supervise({spec, n.child("b")});
  tell_anon(supervisor, drain_children{w.now() + 2min}); // The children are not there yet.
  w.run();
  REQUIRE(told.size() == 1);
  const auto deadline = w.now() + 1min;
  tell_anon(supervisor, drain_children{deadline});
  tell_anon(supervisor, drain_children{w.now() + 3min});
  w.run();
  CHECK(told.back().second == deadline);
  n.kill("a");
  tell_anon(supervisor, drain_children{w.now() + 3min}); // Nobody is there to be told.
  w.advance(1s);
  CHECK(told.back().first == n.newest.at("a"));
  CHECK(told.back().second == deadline);
}

TEST_CASE("the directory knows no actor for the name of a child that is down", "[supervisor]") {
  world w{bare()};
  nursery n{w};
  w.supervise({n.child("a"), n.child("b")});
  w.run();
  const auto found = [&](const std::string& name) {
    return w.ask_now<directory_entry>(w.directory(), find_actor{name}).actor;
  };
  CHECK(found("a") == n.newest.at("a"));
  n.kill("a");
  CHECK(found("a") == nullptr);
  CHECK(found("b") == n.newest.at("b"));
  w.advance(1s);
  CHECK(found("a") == n.newest.at("a"));
  CHECK(found("c") == nullptr);
}

TEST_CASE("a supervisor or a directory that ends takes the node down, but not when the node stops", "[supervisor]") {
  const auto ends = [](bool supervisor_too) {
    world w{bare()};
    nursery n{w};
    const auto supervisor = w.supervise({n.child("a")});
    w.run();
    const auto whom =
        supervisor_too ? caf::actor_cast<caf::actor>(supervisor) : caf::actor_cast<caf::actor>(w.directory());
    caf::anon_send_exit(whom, caf::exit_reason::kill);
    w.run();
    if (supervisor_too) { // Nobody else does now.
      caf::anon_send_exit(w.directory(), caf::exit_reason::kill);
      n.kill("a");
    }
    return w.failures;
  };
  for (const bool supervisor_too : {false, true}) {
    const auto failures = ends(supervisor_too);
    REQUIRE(failures.size() == 1);
    CHECK(failures[0].first == 71);
    CHECK(failures[0].second.find(supervisor_too ? "supervisor" : "directory") != std::string::npos);
  }
  world w{bare()};
  nursery n{w};
  w.supervise({n.child("a")});
  w.run();
  w.stop();
  CHECK(w.failures.empty());
}
