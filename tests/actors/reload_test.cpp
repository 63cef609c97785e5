#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace fabric;
using namespace fabric::actors;
using namespace fabric::actors::testing;

namespace {

using list = std::vector<std::string>;

/// A node whose configuration file is edited.
struct reload_world : world {
  config::root all = world_settings::defaults();

  explicit reload_world(world_settings how = {}) : world(std::move(how)) {}

  desk_face_actor desk() {
    return caf::actor_cast<desk_face_actor>(ask_now<desk_found>(scheduler(), find_desk{}).desk);
  }
  change_receipt reload(bool dry_run = false) {
    file = config::loaded{all, {}};
    return ask_now<change_receipt>(desk(), reload_config{dry_run});
  }
  lane_reports lanes() { return ask_now<lane_reports>(scheduler(), get_lanes{}); }
  list lane_names() {
    list names;
    for (const auto& l : lanes().lanes) names.push_back(l.now.name);
    return names;
  }
  std::uint32_t slots(const std::string& lane) {
    for (const auto& l : lanes().lanes)
      if (l.now.name == lane) return l.now.slots;
    return 0;
  }
  receipt try_to(job_spec s) { return ask_now<receipts>(scheduler(), submit_jobs{{std::move(s)}}).items.at(0); }
  bool has_child(const std::string& name) {
    const auto names = children();
    return std::find(names.begin(), names.end(), name) != names.end();
  }
};

config::lane named(const std::string& name) {
  config::lane l;
  l.name = name;
  return l;
}

} // namespace

TEST_CASE("a new budget counts for what runs, from its start", "[reload]") {
  reload_world w;
  const auto id = w.submit();
  w.advance(20s);
  w.all.lanes[0].budget = 30s;
  const auto said = w.reload();
  CHECK_FALSE(said.failure);
  CHECK(said.changes == list{R"(/lanes/0/budget: "1m" -> "30s")"});
  w.advance(9s);
  CHECK(w.row(id).lane == "fast");
  w.advance(2s);
  CHECK(w.row(id).lane == "slow");
  CHECK(w.row(id).counts.demoted == 1);
}

TEST_CASE("slots become more and fewer; what runs in those that go runs on", "[reload]") {
  reload_world w;
  CHECK(w.slots("fast") == 3);
  w.all.lanes[0].slots = 5;
  CHECK_FALSE(w.reload().failure);
  CHECK(w.slots("fast") == 5);
  CHECK(w.process.slots == 6);
  std::vector<job_id> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(w.submit());
  CHECK(w.process.running.size() == 5);
  w.all.node.workers["fast"] = 2;
  CHECK_FALSE(w.reload().failure);
  CHECK(w.process.running.size() == 5);
  for (int i = 0; i < 3; ++i) w.process.end(w.process.fence_of(ids[static_cast<std::size_t>(i)]), outcome::succeeded);
  w.run();
  CHECK(w.process.running.size() == 2);
  CHECK(w.state(ids[5]) == job_state::ready);
  CHECK(w.process.slots == 3);
}

TEST_CASE("classes come, change and go", "[reload]") {
  reload_world w;
  CHECK(w.try_to(spec("fresh")).failure->code == errc::unknown_class);
  w.all.classes["fresh"].command = {"/bin/true", "new"};
  w.all.classes["calc"].handler = "calculate";
  w.all.classes["work"].command = {"/bin/true", "changed"};
  CHECK_FALSE(w.reload().failure);
  CHECK_FALSE(w.try_to(spec("fresh")).failure);
  CHECK_FALSE(w.try_to(spec("calc")).failure);
  w.submit();
  REQUIRE(w.process.runs.size() == 2);
  CHECK(w.process.runs[0].argv == list{"/bin/true", "new"});
  CHECK(w.process.runs[1].argv == list{"/bin/true", "changed"});
  CHECK(w.threads.running.size() == 1);
  w.all.classes.erase("fresh");
  CHECK_FALSE(w.reload().failure);
  CHECK(w.try_to(spec("fresh")).failure->code == errc::unknown_class);
}

TEST_CASE("a new lane runs jobs at once, and with the next change is gone if it has none", "[reload]") {
  reload_world w;
  w.all.lanes.insert(w.all.lanes.begin() + 1, named("middle"));
  CHECK_FALSE(w.reload().failure);
  CHECK(w.lane_names() == list{"fast", "middle", "slow"});
  auto there = spec();
  there.lane = "middle";
  const auto id = w.try_to(there).id;
  CHECK(w.state(id) == job_state::running);
  CHECK(w.row(id).lane == "middle");
  w.all.lanes.erase(w.all.lanes.begin() + 1);
  const auto refused = w.reload();
  CHECK(refused.failure->code == errc::wrong_state);
  CHECK(refused.failure->message == "a lane with jobs cannot be removed; there are 1 job in middle");
  CHECK(w.lane_names() == list{"fast", "middle", "slow"});
  w.process.end(w.process.fence_of(id), outcome::succeeded);
  w.run();
  CHECK(w.reload(true).failure == std::nullopt); // A dry run changes nothing.
  CHECK(w.has_child("lane/middle"));
  CHECK_FALSE(w.reload().failure);
  CHECK(w.lane_names() == list{"fast", "slow"});
  CHECK_FALSE(w.has_child("lane/middle"));
  CHECK_FALSE(w.has_child("worker/middle"));
  CHECK(w.try_to(there).failure->code == errc::unknown_lane);
  w.all.lanes.push_back(named("middle"));
  CHECK_FALSE(w.reload().failure);
  CHECK(w.state(w.try_to(there).id) == job_state::running);
  CHECK(w.failures.empty());
}

TEST_CASE("a kicked job whose lane is gone goes where new jobs go", "[reload]") {
  reload_world w;
  w.all.lanes.push_back(named("third"));
  CHECK_FALSE(w.reload().failure);
  auto there = spec("work", 1);
  there.lane = "third";
  const auto id = w.try_to(there).id;
  w.process.end(w.process.fence_of(id), outcome::failed);
  w.run();
  REQUIRE(w.state(id) == job_state::buried);
  w.all.lanes.pop_back();
  CHECK_FALSE(w.reload().failure);
  CHECK_FALSE(w.kick(id).failure);
  w.run();
  CHECK(w.row(id).lane == "fast");
  CHECK(w.state(id) == job_state::running);
}

TEST_CASE("what only a restart can change is refused by name, and a bad file by line; all stays as it was",
          "[reload]") {
  reload_world w;
  w.all.node.listen = "127.0.0.1:1";
  w.all.lanes[0].slots = 9;
  auto said = w.reload();
  CHECK(said.failure->code == errc::not_allowed);
  CHECK(said.failure->message.ends_with(": /node/listen"));
  w.file = tl::unexpected(config::problems{{"world.json", 7, "/lanes", "is wrong"}});
  said = w.ask_now<change_receipt>(w.desk(), reload_config{});
  CHECK(said.failure->code == errc::bad_input);
  CHECK(said.problems.size() == 1);
  CHECK(w.slots("fast") == 3);
}

TEST_CASE("another policy decides about new jobs, until the file is read again", "[reload]") {
  reload_world w;
  CHECK_FALSE(w.ask_now<change_receipt>(w.desk(), set_policy{"slow-first", {}}).failure);
  CHECK(w.lanes().policy == "slow-first");
  std::vector<job_id> ids;
  for (int i = 0; i < 2; ++i) ids.push_back(w.submit());
  w.advance(1s);
  CHECK(w.row(ids[0]).lane == "slow");
  CHECK(w.row(ids[1]).overflow_from == "slow"); // The one slow slot is taken: an idle fast one helps.
  CHECK(w.ask_now<change_receipt>(w.desk(), set_policy{"none", {}}).failure->code == errc::bad_input);
  CHECK(w.ask_now<config_text>(w.desk(), get_config{}).policy == "slow-first");
  CHECK_FALSE(w.reload().failure);
  CHECK(w.row(w.submit()).lane == "fast");
}

TEST_CASE("who is started again works by the newest configuration", "[reload]") {
  reload_world w;
  w.all.lanes[0].slots = 1;
  w.all.lanes[0].budget = 30s;
  CHECK_FALSE(w.reload().failure);
  for (const auto& name : w.children()) {
    if (name == "store" || name == "handlers") continue;
    w.kill(name);
    w.advance(31s);
  }
  CHECK(w.slots("fast") == 1);
  const auto id = w.submit();
  w.advance(31s);
  CHECK(w.row(id).lane == "slow");
  CHECK(w.reload().changes.empty());
  CHECK(w.failures.empty());
}

TEST_CASE("an operator's drain empties the workers, also those started again, until it is taken back", "[drain]") {
  reload_world w;
  const auto ends = w.submit(), stays = w.submit();
  const auto report = w.ask_later<drain_report>(w.desk(), drain_node{"a1", 20s});
  w.run();
  const auto later = w.submit();
  CHECK_FALSE(report->has_value());
  w.kill("worker/fast");
  w.advance(1s);
  CHECK(w.state(later) == job_state::ready);
  CHECK((*report)->failure->code == errc::unavailable); // Nobody saw all of it.
  w.process.end(w.process.fence_of(ends), outcome::succeeded);
  w.advance(30s);
  CHECK(w.state(stays) == job_state::ready);
  CHECK(w.attempts(stays).at(0).ended_as == outcome::drained);
  CHECK(w.row(stays).counts == attempt_counts{});
  CHECK(w.process.running.empty());
  CHECK_FALSE(w.ask_now<order_receipt>(w.desk(), undrain_node{}).failure);
  w.run();
  CHECK(w.process.running.size() == 2);
  CHECK(w.ask_now<order_receipt>(w.desk(), undrain_node{}).failure->code == errc::wrong_state);
}

TEST_CASE("a drain says what became of each attempt; a second one, that nothing was left", "[drain]") {
  reload_world w;
  const auto id = w.submit();
  const auto said = w.ask_later<drain_report>(w.desk(), drain_node{{}, duration{0}});
  w.run();
  REQUIRE(said->has_value());
  CHECK_FALSE((*said)->failure);
  REQUIRE((*said)->fates.size() == 1);
  CHECK((*said)->fates[0].job == id);
  CHECK((*said)->fates[0].what == "handed back");
  CHECK((*said)->node == "a1");
  CHECK(w.ask_now<drain_report>(w.desk(), drain_node{"b2", {}}).failure->code == errc::not_found);
  CHECK(w.ask_now<drain_report>(w.desk(), drain_node{{}, 2h}).failure->code == errc::bad_input);
}

TEST_CASE("a node told to detach does, a little later", "[drain]") {
  reload_world w;
  CHECK(w.ask_now<order_receipt>(w.desk(), detach_node{"b2"}).failure->code == errc::not_found);
  CHECK_FALSE(w.ask_now<order_receipt>(w.desk(), detach_node{"a1"}).failure);
  w.advance(1s);
  CHECK(w.detached == 1);
}

TEST_CASE("a drained node can end, and then not be undrained; a desk that forgot of the drain can undrain it",
          "[drain]") {
  reload_world w;
  w.ask_now<drain_report>(w.desk(), drain_node{});
  CHECK(w.drained.empty()); // The node goes on.
  w.kill("desk");
  w.advance(1s);
  CHECK(w.state(w.submit()) == job_state::ready); // Jobs are still taken.
  CHECK_FALSE(w.ask_now<order_receipt>(w.desk(), undrain_node{}).failure);
  CHECK(w.state(w.submit()) == job_state::running);
  const auto report = w.ask_later<drain_report>(w.desk(), drain_node{{}, duration{0}});
  w.run();
  REQUIRE(report->has_value());
  w.drain(25s);
  CHECK(w.drained.size() == 2);
  CHECK(w.ask_now<order_receipt>(w.desk(), undrain_node{}).failure->code == errc::wrong_state);
}
