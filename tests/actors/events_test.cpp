#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace fabric;
using namespace fabric::actors;
using testing::spec;
using testing::world;
using testing::world_settings;

namespace {

constexpr duration longest = duration::max();

std::uint64_t last_event(world& w) { return w.store->rows->last_events(1).value().at(0).id; }

} // namespace

TEST_CASE("waiting for jobs is answered when one of them ends", "[events]") {
  world w;
  const auto first = w.submit();
  const auto second = w.submit();
  const auto waiting = w.ask_later<job_page>(w.scheduler(), wait_jobs{{first, second}, 30s});
  w.advance(10s);
  CHECK_FALSE(waiting->has_value());
  w.process.end(w.process.fence_of(second), outcome::succeeded);
  w.run();
  REQUIRE(waiting->has_value());
  CHECK_FALSE((*waiting)->failure);
  REQUIRE((*waiting)->jobs.size() == 1);
  CHECK((*waiting)->jobs[0].id == second);
  CHECK((*waiting)->jobs[0].state == job_state::succeeded);
}

TEST_CASE("waiting for a job that was final before is answered at once", "[events]") {
  world w;
  const auto done = w.submit();
  const auto open = w.submit();
  w.cancel(done);
  w.run();
  CHECK(w.state(done) == job_state::cancelled);
  const auto page = w.ask_now<job_page>(w.scheduler(), wait_jobs{{open, done}, 30s});
  REQUIRE(page.jobs.size() == 1);
  CHECK(page.jobs[0].id == done);
  const auto unknown = w.ask_now<job_page>(w.scheduler(), wait_jobs{{12345}, 30s});
  CHECK(unknown.jobs.empty()); // It will never end: no use in waiting.
}

TEST_CASE("waiting ends with nothing when the client's patience does, after 30 s at the latest", "[events]") {
  world w;
  const auto id = w.submit();
  const auto short_one = w.ask_later<job_page>(w.scheduler(), wait_jobs{{id}, 3s});
  const auto long_one = w.ask_later<job_page>(w.scheduler(), wait_jobs{{id}, longest});
  const auto none = w.ask_later<job_page>(w.scheduler(), wait_jobs{{id}, duration::min()});
  w.run();
  REQUIRE(none->has_value());
  CHECK((*none)->jobs.empty());
  w.advance(2900ms);
  CHECK_FALSE(short_one->has_value());
  w.advance(200ms);
  REQUIRE(short_one->has_value());
  CHECK((*short_one)->jobs.empty());
  CHECK_FALSE((*short_one)->failure);
  w.advance(26s);
  CHECK_FALSE(long_one->has_value());
  w.advance(1s);
  REQUIRE(long_one->has_value());
  CHECK((*long_one)->jobs.empty());
}

TEST_CASE("a job named twice is waited for like one", "[events]") {
  world w;
  const auto id = w.submit();
  const auto waiting = w.ask_later<job_page>(w.scheduler(), wait_jobs{{id, id}, 30s});
  w.advance(1s);
  CHECK_FALSE(waiting->has_value());
  w.process.end(w.process.fence_of(id), outcome::succeeded);
  w.run();
  REQUIRE(waiting->has_value());
  CHECK((*waiting)->jobs.size() == 1);
}

TEST_CASE("too many jobs in one question are refused", "[events]") {
  world w;
  const auto waiting = w.ask_now<job_page>(w.scheduler(), wait_jobs{std::vector<job_id>(513, 1), 1s});
  REQUIRE(waiting.failure);
  CHECK(waiting.failure->code == errc::too_large);
  const auto asking = w.ask_now<job_page>(w.scheduler(), get_jobs{std::vector<job_id>(513, 1)});
  REQUIRE(asking.failure);
  CHECK(asking.failure->code == errc::too_large);
}

TEST_CASE("who follows the events is woken by the next commit", "[events]") {
  world w;
  const auto known = w.ask_now<event_page>(w.scheduler(), get_events{0, 5, 30s});
  CHECK_FALSE(known.events.empty()); // The newest ones, at once.
  const auto waiting = w.ask_later<event_page>(w.scheduler(), get_events{last_event(w), 100, 30s});
  w.advance(1s);
  CHECK_FALSE(waiting->has_value());
  const auto id = w.submit();
  CHECK_FALSE(waiting->has_value()); // That is not in the log of automatic actions.
  w.process.end(w.process.fence_of(id), outcome::failed);
  w.run();
  REQUIRE(waiting->has_value());
  REQUIRE_FALSE((*waiting)->events.empty());
  CHECK((*waiting)->events[0].kind == "retried");
  CHECK((*waiting)->events[0].job == id);

  const auto in_vain = w.ask_later<event_page>(w.scheduler(), get_events{last_event(w), 100, 3s});
  w.advance(3100ms);
  REQUIRE(in_vain->has_value());
  CHECK((*in_vain)->events.empty());
}

TEST_CASE("no follower is forgotten when a commit and another's impatience meet", "[events]") {
  world w;
  const auto hub = w.find<events_actor>("events");
  const auto from = last_event(w);
  const auto first = w.ask_later<event_page>(hub, get_events{from, 100, 3s});
  const auto second = w.ask_later<event_page>(hub, get_events{from, 100, 4s});
  w.run();
  store::event something;
  something.kind = "node_joined";
  tell_anon(hub, committed_events{{something}}); // The reader is asked again for both,
  w.skip(3s);                                    // and meanwhile the timer rings.
  w.run();
  CHECK(first->has_value());
  CHECK_FALSE(second->has_value());
  w.advance(2s);
  CHECK(second->has_value());
}

TEST_CASE("more waiters than limits.max_waiters are refused by that name", "[events]") {
  auto how = world_settings{};
  how.config.limits.max_waiters = 2;
  world w{how};
  const auto id = w.submit();
  const auto one = w.ask_later<job_page>(w.scheduler(), wait_jobs{{id}, 5s});
  const auto two = w.ask_later<event_page>(w.scheduler(), get_events{last_event(w), 100, 5s});
  const auto three = w.ask_now<job_page>(w.scheduler(), wait_jobs{{id}, 5s});
  REQUIRE(three.failure);
  CHECK(three.failure->code == errc::limit_reached);
  CHECK(three.failure->message.find("limits.max_waiters") != std::string::npos);
  const auto four = w.ask_now<event_page>(w.scheduler(), get_events{last_event(w), 100, 5s});
  REQUIRE(four.failure);
  CHECK(four.failure->code == errc::limit_reached);
  CHECK_FALSE(one->has_value());
  CHECK_FALSE(two->has_value());
  w.advance(6s);
  const auto five = w.ask_later<job_page>(w.scheduler(), wait_jobs{{id}, 5s});
  w.run();
  CHECK_FALSE(five->has_value()); // There is room again.
}
