#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::actors;
using testing::spec;
using testing::world;
using testing::world_settings;

namespace {

world_settings at_most(std::uint64_t jobs) {
  world_settings how;
  how.config.limits.max_queued = jobs;
  return how;
}

std::optional<errc> submit_one(world& w) {
  const auto reply = w.ask_now<receipts>(w.scheduler(), submit_jobs{{spec()}});
  if (!reply.items.at(0).failure) return std::nullopt;
  return reply.items[0].failure->code;
}

} // namespace

TEST_CASE("jobs that end by themselves make room under max_queued", "[scheduler]") {
  world w{at_most(2)};
  const auto first = w.submit();
  w.submit();
  CHECK(submit_one(w) == errc::limit_reached);
  w.process.end(w.process.fence_of(first), outcome::succeeded);
  w.run();
  CHECK_FALSE(submit_one(w));
  CHECK(submit_one(w) == errc::limit_reached);
}

TEST_CASE("clients that submit at the same time do not overshoot max_queued", "[scheduler]") {
  world w{at_most(3)};
  const auto first = w.submit();
  std::vector<world::answer<receipts>> replies;
  const auto submit_two = [&] {
    replies.push_back(w.ask_later<receipts>(w.scheduler(), submit_jobs{{spec(), spec()}}));
  };
  w.store->after_commit = [&](std::span<const store::operation> ops) {
    if (testing::has<store::end>(ops)) submit_two(); // On its way while the store tells its count.
  };
  submit_two();
  w.process.end(w.process.fence_of(first), outcome::succeeded);
  submit_two();
  w.run();
  CHECK(replies.size() == 3);
  CHECK(w.store->live_jobs() <= 3);
  CHECK(w.store->live_jobs() >= 2);
}

TEST_CASE("a scheduler that was killed knows how many jobs there are before it admits one", "[scheduler]") {
  world w{at_most(2)};
  w.submit();
  w.submit();
  w.kill("scheduler");
  w.advance(200ms);
  CHECK(submit_one(w) == errc::limit_reached);
}
