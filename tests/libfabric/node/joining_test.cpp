#include "fabric/node/joining.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace fabric;
using namespace fabric::node;

namespace {

constexpr time_point start{std::chrono::hours{24 * 365 * 50}};

struct fixture {
  joining machine{{.where = {"one:1", "two:2"}}};
  time_point now = start;

  joining_effects step(const joining_event& what) { return machine.handle(what, now); }

  /// Lets time pass until the next try is due, and makes it.
  dial try_again(double draw = 0) {
    REQUIRE(machine.wake_at());
    now = std::max(now, *machine.wake_at());
    const auto out = step(joining_tick{draw});
    REQUIRE(out.size() == 1);
    return std::get<dial>(out[0]);
  }

  std::uint64_t join() {
    const auto d = try_again();
    step(cell_reached{d.session});
    step(cell_welcomed{d.session});
    REQUIRE(machine.joined());
    return d.session;
  }
};

std::string trouble(const joining_effects& out) {
  for (const auto& e : out)
    if (const auto* news = std::get_if<joining_news>(&e); news != nullptr && news->is_trouble) return news->text;
  return "";
}

} // namespace

TEST_CASE("a node dials at once, says hello where it is answered, and has joined when it is welcome", "[joining]") {
  fixture f;
  const auto d = f.try_again();
  CHECK(f.now == start);
  CHECK(d.where == "one:1");
  CHECK_FALSE(f.machine.wake_at()); // The try has its own limits.
  const auto hello = f.step(cell_reached{d.session});
  REQUIRE(hello.size() == 1);
  CHECK(std::get<say_hello>(hello[0]).session == d.session);
  CHECK_FALSE(f.machine.joined());
  f.step(cell_welcomed{d.session});
  CHECK(f.machine.joined());
  CHECK_FALSE(f.machine.wake_at());
}

TEST_CASE("after a failure the next address is tried, later each time, up to the longest wait", "[joining]") {
  fixture f;
  std::vector<duration> waits;
  std::vector<std::string> where;
  for (int i = 0; i < 8; ++i) {
    const auto d = f.try_again();
    where.push_back(d.where);
    f.step(cell_failed{d.session, {errc::unavailable, "nobody there", {}}});
    waits.push_back(*f.machine.wake_at() - f.now);
  }
  CHECK(waits == std::vector<duration>{250ms, 500ms, 1s, 2s, 2s, 2s, 2s, 2s});
  CHECK(where[0] == "one:1");
  CHECK(where[1] == "two:2");
  CHECK(where[2] == "one:1");
}

TEST_CASE("the draw spreads those who come back together", "[joining]") {
  fixture f;
  const auto d = f.try_again(0.5);
  f.step(cell_failed{d.session, {}});
  CHECK(*f.machine.wake_at() - f.now == duration{287500us}); // 250 ms and half of 30 %.
}

TEST_CASE("a wait begins small again after a success", "[joining]") {
  fixture f;
  for (int i = 0; i < 5; ++i) f.step(cell_failed{f.try_again().session, {}});
  const auto session = f.join();
  f.step(cell_lost{session});
  CHECK_FALSE(f.machine.joined());
  CHECK(*f.machine.wake_at() - f.now == duration{250ms});
}

TEST_CASE("answers to older tries change nothing", "[joining]") {
  fixture f;
  const auto first = f.try_again();
  f.step(cell_failed{first.session, {}});
  const auto second = f.try_again();
  CHECK(second.session > first.session);
  CHECK(f.step(cell_reached{first.session}).empty());
  CHECK(f.step(cell_welcomed{second.session}).empty()); // Not before it was reached.
  f.step(cell_reached{second.session});
  CHECK(f.step(cell_failed{first.session, {}}).empty());
  f.step(cell_welcomed{second.session});
  CHECK(f.step(cell_lost{first.session}).empty());
  CHECK(f.machine.joined());
}

TEST_CASE("the same trouble is told once", "[joining]") {
  fixture f;
  const error refused{errc::wrong_state, "the name is taken", {}};
  CHECK(trouble(f.step(cell_failed{f.try_again().session, refused})) ==
        "cannot join the cell at one:1: the name is taken");
  CHECK(trouble(f.step(cell_failed{f.try_again().session, refused})) != "");
  f.step(cell_failed{f.try_again().session, refused});
  fixture alone;
  alone.machine = joining{{.where = {"one:1"}}};
  CHECK(trouble(alone.step(cell_failed{alone.try_again().session, refused})) != "");
  CHECK(trouble(alone.step(cell_failed{alone.try_again().session, refused})).empty());
  CHECK(trouble(alone.step(cell_failed{alone.try_again().session, {errc::unavailable, "away", {}}})) != "");
}

TEST_CASE("a node that changed says hello anew where it has joined, with a higher session", "[joining]") {
  fixture f;
  CHECK(f.step(card_changed{}).empty());
  const auto session = f.join();
  const auto again = f.step(card_changed{});
  REQUIRE(again.size() == 1);
  CHECK(std::get<say_hello>(again[0]).session == session + 1);
  f.step(cell_welcomed{session + 1});
  CHECK(f.machine.joined());
}

TEST_CASE("a machine that is started again in the same boot goes on above the sessions before", "[joining]") {
  joining machine{{.where = {"one:1"}, .first_session = 1ull << 32}};
  const auto out = machine.handle(joining_tick{}, start);
  CHECK(std::get<dial>(out.at(0)).session == (1ull << 32) + 1);
}
