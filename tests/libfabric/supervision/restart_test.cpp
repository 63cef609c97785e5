#include "fabric/supervision/restart.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::supervision;

namespace {

constexpr time_point t0{1h};
constexpr auto restart = verdict::kind::restart;
constexpr auto leave = verdict::kind::leave;
constexpr auto escalate = verdict::kind::escalate;

} // namespace

TEST_CASE("a permanent child is restarted however it ended", "[supervision]") {
  restart_history child{rule::permanent, {}};
  CHECK(child.on_exit(true, t0).what == restart);
  CHECK(child.on_exit(false, t0).what == restart);
}

TEST_CASE("a transient child is restarted only when it failed", "[supervision]") {
  restart_history child{rule::transient, {}};
  CHECK(child.on_exit(false, t0).what == leave);
  CHECK(child.on_exit(true, t0).what == restart);
}

TEST_CASE("a temporary child stays down", "[supervision]") {
  restart_history child{rule::temporary, {}};
  CHECK(child.on_exit(true, t0).what == leave);
}

TEST_CASE("the delays of all restarts together decide whether a child that always crashes is ever given up",
          "[supervision]") {
  const auto gives_up = [](intensity limit) {
    restart_history child{rule::permanent, limit};
    auto now = t0;
    for (int i = 0; i < 100; ++i) {
      const auto v = child.on_exit(true, now);
      if (v.what == escalate) return true;
      now += v.delay;
    }
    return false;
  };
  CHECK(delays({}) == 3100ms);
  CHECK(gives_up({.within = 3101ms}));
  CHECK_FALSE(gives_up({.within = 3100ms}));
  CHECK(delays({.restarts = 8, .backoff = 1s}) == 32s);
  CHECK_FALSE(gives_up({.restarts = 8, .within = 32s, .backoff = 1s}));
  CHECK(gives_up({.restarts = 8, .within = 33s, .backoff = 1s}));
}

TEST_CASE("one restart more than the intensity escalates", "[supervision]") {
  restart_history child{rule::permanent, {.restarts = 2, .within = 10s}};
  CHECK(child.on_exit(true, t0).what == restart);
  CHECK(child.on_exit(true, t0 + 9s).what == restart);
  CHECK(child.on_exit(true, t0 + 9999ms).what == escalate);
}

TEST_CASE("restarts older than the window no longer count", "[supervision]") {
  restart_history child{rule::permanent, {.restarts = 2, .within = 10s}};
  child.on_exit(true, t0);
  child.on_exit(true, t0 + 1s);
  CHECK(child.recent(t0 + 9s) == 2);
  CHECK(child.recent(t0 + 10s) == 1);
  CHECK(child.on_exit(true, t0 + 10s).what == restart);
  CHECK(child.on_exit(true, t0 + 10s).what == escalate);
}

TEST_CASE("the delay doubles with each restart in the window, up to its cap", "[supervision]") {
  restart_history child{rule::permanent, {.restarts = 9, .within = 1h, .backoff = 100ms, .backoff_max = 500ms}};
  CHECK(child.on_exit(true, t0).delay == 100ms);
  CHECK(child.on_exit(true, t0).delay == 200ms);
  CHECK(child.on_exit(true, t0).delay == 400ms);
  CHECK(child.on_exit(true, t0).delay == 500ms);
  CHECK(child.on_exit(true, t0).delay == 500ms);
}

TEST_CASE("an intensity of zero restarts means the first end escalates", "[supervision]") {
  restart_history child{rule::permanent, {.restarts = 0}};
  CHECK(child.on_exit(true, t0).what == escalate);
}
