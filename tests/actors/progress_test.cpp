#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::actors;
using testing::world;
using testing::world_settings;

namespace {

constexpr auto threw = handlers::returned::way::threw;

progress_report ask_desk(world& w, const get_progress& what) {
  const auto desk = caf::actor_cast<desk_face_actor>(w.ask_now<desk_found>(w.scheduler(), find_desk{}).desk);
  return w.ask_now<progress_report>(desk, what);
}

/// What `fabric show` asks for.
std::optional<seen_progress> progress_of(world& w, job_id id) {
  const auto row = w.row(id);
  const auto said = ask_desk(w, {row.node, row.lane, row.fence});
  CHECK_FALSE(said.failure);
  return said.seen;
}

world_settings with_handler(std::optional<duration> stall_timeout = {}) {
  world_settings how;
  how.config.classes["calc"].handler = "calculate";
  how.config.classes["calc"].limits.stall_timeout = stall_timeout;
  return how;
}

} // namespace

TEST_CASE("a process's progress is known while it runs, and how old it is", "[progress]") {
  world w;
  const auto id = w.submit("work");
  CHECK_FALSE(progress_of(w, id));
  w.process.say_progress(w.process.fence_of(id), "first");
  w.process.say_progress(w.process.fence_of(id), "second");
  w.advance(3s);
  const auto seen = progress_of(w, id);
  REQUIRE(seen);
  CHECK(seen->state == "second");
  CHECK(seen->age == 3s);
  const auto row = w.row(id);
  w.process.end(w.process.fence_of(id), outcome::succeeded);
  w.run();
  CHECK_FALSE(ask_desk(w, {row.node, row.lane, row.fence}).seen);
}

TEST_CASE("progress outlives every actor between the runner and the client, and the runner's connection",
          "[progress]") {
  world w;
  const auto id = w.submit("work");
  w.process.say_progress(w.process.fence_of(id), "half");
  for (const auto* name : {"worker/fast", "lane/fast", "desk", "runner", "scheduler", "store_reader"}) {
    INFO(name);
    w.kill(name);
    w.advance(5s);
    REQUIRE(progress_of(w, id));
    CHECK(progress_of(w, id)->state == "half");
  }
  w.process.cut();
  w.advance(1s);
  w.process.mend();
  w.advance(5s);
  CHECK(progress_of(w, id)->state == "half");
}

TEST_CASE("a handler's progress is looked for when somebody asks", "[progress]") {
  world w{with_handler()};
  const auto id = w.submit("calc");
  CHECK_FALSE(progress_of(w, id));
  w.threads.say(id, "first");
  w.threads.say(id, "second");
  CHECK(progress_of(w, id)->state == "second");
  w.kill("worker/fast");
  w.advance(2s);
  CHECK(progress_of(w, id)->state == "second");
  CHECK(progress_of(w, id)->age == 2s);
}

TEST_CASE("a handler that stalls is asked to stop and has timed out; one that speaks goes on", "[progress]") {
  world w{with_handler(20s)};
  const auto silent = w.submit("calc");
  const auto speaker = w.submit("calc");
  w.advance(15s);
  w.threads.say(speaker, "here");
  w.advance(6s);
  CHECK(w.threads.stopped == std::set<fence_t>{w.threads.fence_of(silent)});
  w.threads.end(silent, threw, "stopped");
  w.run();
  REQUIRE(w.attempts(silent).size() == 1);
  CHECK(w.attempts(silent)[0].ended_as == outcome::timed_out);
  CHECK(w.attempts(silent)[0].report.find("limits.stall_timeout is 20s, none since the start") != std::string::npos);
  CHECK(w.state(speaker) == job_state::running);
}

TEST_CASE("who asks for a node or lane that is not here is told so", "[progress]") {
  world w;
  const auto id = w.submit("work");
  const auto row = w.row(id);
  CHECK(ask_desk(w, {"elsewhere", row.lane, row.fence}).failure->code == errc::not_found);
  CHECK(ask_desk(w, {row.node, "fats", row.fence}).failure->code == errc::unknown_lane);
  CHECK_FALSE(ask_desk(w, {row.node, row.lane, 999}).seen);
}
