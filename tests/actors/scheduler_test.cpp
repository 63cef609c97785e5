#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>

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

std::optional<errc> submit_one(world& w, const std::string& job_class = "work") {
  const auto reply = w.ask_now<receipts>(w.scheduler(), submit_jobs{{spec(job_class)}});
  if (!reply.items.at(0).failure) return std::nullopt;
  return reply.items[0].failure->code;
}

/// A program that is not there before `appear`.
struct late_program {
  late_program() {
    std::string pattern = std::filesystem::temp_directory_path() / "fabric-late-XXXXXX";
    directory = mkdtemp(pattern.data());
  }
  ~late_program() { std::filesystem::remove_all(directory); }
  std::string path() const { return directory / "program"; }
  void appear() const {
    std::ofstream{path()} << "#!/bin/sh\n";
    std::filesystem::permissions(path(), std::filesystem::perms::owner_all);
  }
  std::filesystem::path directory;
};

/// Keeps the view that it is asked under.
class watching_policy final : public policy::lane_policy {
public:
  watching_policy(std::shared_ptr<lane_policy> real, std::shared_ptr<policy::view> seen)
      : real_(std::move(real)), seen_(std::move(seen)) {}
  std::string place(const policy::job_facts& job, const policy::view& now, double draw) const override {
    return real_->place(job, now, draw);
  }
  policy::timeout_decision on_timeout(const policy::job_facts& job, const std::string& lane,
                                      const policy::view& now) const override {
    return real_->on_timeout(job, lane, now);
  }
  std::vector<std::string> overflow(const std::string& lane, const policy::view& now) const override {
    *seen_ = now;
    return real_->overflow(lane, now);
  }

private:
  std::shared_ptr<lane_policy> real_;
  std::shared_ptr<policy::view> seen_;
};

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

TEST_CASE("a class that no node can run is refused until it can, also where a lane has no slots", "[scheduler]") {
  late_program program;
  world_settings how;
  how.config.lanes[1].slots = 0;
  how.config.classes["late"].command = {program.path()};
  world w{how};
  w.advance(2s);
  CHECK(submit_one(w, "late") == errc::class_unavailable);
  CHECK_FALSE(submit_one(w));
  program.appear();
  w.advance(7s); // The node looks again with each renewal; nothing else moves.
  CHECK_FALSE(submit_one(w, "late"));
}

TEST_CASE("the end of a burst is shown to the lanes without waiting for what happens next", "[scheduler]") {
  const auto seen = std::make_shared<policy::view>();
  world_settings how;
  how.wrap = [seen](auto real) { return std::make_shared<watching_policy>(std::move(real), seen); };
  world w{how};
  w.advance(10s);
  for (int i = 0; i < 10; ++i) w.submit();
  w.advance(1600ms); // Half a second to the scheduler, one more to the lanes.
  CHECK(seen->lanes["fast"].queued == 7);
  CHECK(seen->lanes["fast"].busy == 3);
}

TEST_CASE("workers are listed in the order in which the lanes are configured", "[scheduler]") {
  world_settings how;
  how.config.lanes[0].name = "zippy";
  how.config.lanes[1].name = "ample";
  world w{how};
  const auto reply = w.ask_now<node_reports>(w.scheduler(), get_nodes{});
  REQUIRE(reply.nodes.size() == 1);
  REQUIRE(reply.nodes[0].workers.size() == 2);
  CHECK(reply.nodes[0].workers[0].lane == "zippy");
  CHECK(reply.nodes[0].workers[1].lane == "ample");
}

TEST_CASE("a membership that is silent is told from a cell without nodes", "[scheduler]") {
  world w;
  w.kill("membership");
  const auto reply = w.ask_now<node_reports>(w.scheduler(), get_nodes{});
  REQUIRE(reply.failure);
  CHECK(reply.failure->code == errc::unavailable);
}

TEST_CASE("questions beyond limits.max_questions are refused by that name", "[scheduler]") {
  world_settings how;
  how.config.limits.max_questions = 2;
  world w{how};
  const auto id = w.submit();
  std::vector<world::answer<job_page>> reads;
  for (int i = 0; i < 3; ++i) reads.push_back(w.ask_later<job_page>(w.scheduler(), get_jobs{{id}}));
  w.run();
  std::size_t refused = 0;
  for (const auto& r : reads) {
    if (!r->value().failure) continue;
    ++refused;
    CHECK(r->value().failure->message.find("max_questions") != std::string::npos);
  }
  CHECK(refused == 1);

  std::vector<world::answer<receipts>> cancels;
  for (int i = 0; i < 3; ++i) cancels.push_back(w.ask_later<receipts>(w.scheduler(), cancel_jobs{{id}}));
  w.run();
  refused = 0;
  for (const auto& r : cancels)
    if (r->value().items.at(0).failure) ++refused;
  CHECK(refused == 1);
  for (int i = 0; i < 10; ++i) CHECK_FALSE(w.ask_now<lane_reports>(w.scheduler(), get_lanes{}).failure);
  for (int i = 0; i < 10; ++i) CHECK_FALSE(w.ask_now<node_reports>(w.scheduler(), get_nodes{}).failure);
  CHECK_FALSE(w.cancel(id).failure);
}
