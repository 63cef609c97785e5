#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>

using namespace fabric;
using namespace fabric::actors;
using testing::world;
using testing::world_settings;

namespace {

/// Throws when an attempt of the class "poison" is over its budget.
class throwing_policy final : public policy::lane_policy {
public:
  explicit throwing_policy(std::shared_ptr<lane_policy> real) : real_(std::move(real)) {}

  std::string place(const policy::job_facts& job, const policy::view& now, double draw) const override {
    return real_->place(job, now, draw);
  }
  policy::timeout_decision on_timeout(const policy::job_facts& job, const std::string& lane,
                                      const policy::view& now) const override {
    if (job.job_class == "poison") throw std::runtime_error("cannot think about poison");
    return real_->on_timeout(job, lane, now);
  }
  std::vector<std::string> overflow(const std::string& lane, const policy::view& now) const override {
    return real_->overflow(lane, now);
  }

private:
  std::shared_ptr<lane_policy> real_;
};

world_settings with_throwing_policy() {
  world_settings how;
  how.wrap = [](auto real) { return std::make_shared<throwing_policy>(std::move(real)); };
  return how;
}

void finish(world& w, job_id id) {
  w.process.end(w.process.fence_of(id), outcome::succeeded);
  w.advance(1s);
}

} // namespace

TEST_CASE("a lane actor that throws is started again and loses nothing; at its second death the job is buried",
          "[restart]") {
  world w{with_throwing_policy()};
  const auto poison = w.submit("poison");
  w.advance(50s);
  std::vector<job_id> others;
  for (int i = 0; i < 4; ++i) others.push_back(w.submit());
  CHECK(w.process.runs.size() == 3); // One of the others waits.

  w.advance(10s);
  w.advance(150ms); // The lane died, and came back after its backoff.
  CHECK(w.starts("lane/fast") >= 2);
  CHECK(w.row(poison).lane_deaths >= 1);
  w.advance(6s); // The order to stop is said again until it is heard.
  CHECK(w.starts("lane/fast") == 3);
  CHECK(w.state(poison) == job_state::buried);
  CHECK(w.row(poison).lane_deaths == 2);
  CHECK_FALSE(w.row(poison).reason.empty());
  CHECK(w.attempts(poison).at(0).ended_as == outcome::cancelled);
  CHECK_FALSE(w.process.stops.empty());
  CHECK(w.process.stops.back().why == stop_reason::cancel);
  w.advance(10s);
  CHECK(w.process.finished.empty());

  for (const auto id : others) {
    CHECK(w.attempts(id).size() == 1);
    finish(w, id);
    CHECK(w.state(id) == job_state::succeeded);
  }
  CHECK(w.process.runs.size() == 5);
  CHECK(w.starts("lane/fast") == 3);
  CHECK(w.failures.empty());

  CHECK_FALSE(w.kick(poison).failure);
  CHECK(w.state(poison) == job_state::running);
}

TEST_CASE("a running row over which a lane dies while it loads is buried at the third death, and the lane serves",
          "[restart]") {
  world w;
  const auto before = w.submit();
  const auto poison = w.submit("poison");
  w.store->on_page = [&](store::lane_page& page) {
    for (auto& entry : page.entries)
      if (entry.id == poison) entry.state = job_state::succeeded; // Nothing of that kind belongs into a lane.
  };
  w.kill("lane/fast");
  w.advance(3s);
  CHECK(w.state(poison) == job_state::buried);
  CHECK(w.row(poison).lane_deaths == 3); // The second one condemned it, to be buried at its end.
  CHECK(w.row(before).lane_deaths == 0);
  CHECK(w.starts("lane/fast") == 5);
  finish(w, before);
  CHECK(w.state(before) == job_state::succeeded);
  finish(w, w.submit());
  CHECK(w.failures.empty());
}

TEST_CASE("a death that the store had no space to count is counted later", "[restart]") {
  world w{with_throwing_policy()};
  const auto poison = w.submit("poison");
  bool is_full = true;
  w.store->before_commit = [&](std::span<const store::operation> ops) {
    w.store->failure.reset();
    if (is_full && testing::has<store::lane_died>(ops)) w.store->failure = error{errc::disk_full, "full", {}};
  };
  w.advance(61s);
  CHECK(w.starts("lane/fast") == 2);
  CHECK(w.row(poison).lane_deaths == 0);
  is_full = false;
  w.advance(10s);
  CHECK(w.state(poison) == job_state::buried);
  CHECK(w.row(poison).lane_deaths == 2);
  CHECK(w.starts("lane/fast") == 3);
}

TEST_CASE("a job that killed its lane twice keeps its lease until its attempt is gone", "[restart]") {
  world w{with_throwing_policy()};
  w.process.obeys = false;
  const auto poison = w.submit("poison");
  w.advance(5min);
  CHECK(w.starts("lane/fast") == 3); // Nobody thinks about it any more.
  CHECK(w.state(poison) == job_state::running);
  CHECK(w.row(poison).lane_deaths == 2);
  CHECK(w.kick(poison).failure);
  CHECK(w.process.runs.size() == 1);
  w.process.end(w.process.fence_of(poison), outcome::failed);
  w.run();
  CHECK(w.state(poison) == job_state::buried);
  CHECK_FALSE(w.kick(poison).failure);
  w.run();
  CHECK(w.process.runs.size() == 2);
}
TEST_CASE("what a lane died of is in the log of automatic actions", "[restart]") {
  world w{with_throwing_policy()};
  w.submit("poison");
  w.advance(61s);
  bool told = false;
  const auto log = w.store->rows->last_events(1000).value();
  for (const auto& e : log)
    told = told || (e.kind == "actor_ended" && e.text.find("cannot think about poison") != std::string::npos);
  CHECK(told);
}
