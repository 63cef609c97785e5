#include "tests/actors/guest.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>

using namespace fabric;
using namespace fabric::actors;
using testing::guest;
using testing::world;
using testing::world_settings;

namespace {

/// A cell whose own node runs nothing.
world_settings idle_cell() {
  world_settings how;
  how.config.node.workers = {{"fast", 0}, {"slow", 0}};
  return how;
}

std::vector<node_report> nodes_of(world& w) { return w.ask_now<node_reports>(w.scheduler(), get_nodes{}).nodes; }

node_report node_of(world& w, const std::string& name) {
  for (auto& n : nodes_of(w))
    if (n.now.node == name) return n;
  throw std::runtime_error("no node " + name);
}

desk_face_actor desk(world& w) {
  return caf::actor_cast<desk_face_actor>(w.ask_now<desk_found>(w.scheduler(), find_desk{}).desk);
}

} // namespace

TEST_CASE("a job runs on a node that joined, and everybody sees it there", "[join]") {
  world w{idle_cell()};
  auto how = guest::named("b1");
  how.node.labels = {{"disk", "ssd"}};
  how.classes.erase("poison");
  guest b{w, how};
  w.advance(1s);
  CHECK(b.joined == 1);
  const auto id = w.submit();
  w.run();
  CHECK(w.process.running.empty());
  CHECK(w.row(id).node == "b1");
  const auto report = node_of(w, "b1");
  CHECK_FALSE(report.now.lost);
  CHECK(report.labels == how.node.labels);
  CHECK(report.differences == std::vector<std::string>{"class poison is not configured there"});
  REQUIRE(report.workers.size() == 2);
  CHECK(report.workers[0].held.size() == 1);
  b.process.say_progress(b.process.fence_of(id), R"({"percent": 40})");
  const auto fence = b.process.fence_of(id);
  CHECK(w.ask_now<progress_report>(desk(w), get_progress{"b1", "fast", fence}).seen);
  b.process.end(fence, outcome::succeeded, "1");
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(b.process.forgotten == std::vector<fence_t>{fence});
}

TEST_CASE("a node whose connection breaks is lost at once and keeps what it runs; it comes back with it", "[join]") {
  world w{idle_cell()};
  guest b{w, guest::named("b1")};
  w.advance(1s);
  const auto id = w.submit();
  w.run();
  const auto fence = b.process.fence_of(id);
  b.cut_off();
  CHECK(node_of(w, "b1").now.lost);
  CHECK(node_of(w, "b1").now.held == 1);
  b.mend();
  w.advance(5s);
  CHECK_FALSE(node_of(w, "b1").now.lost);
  CHECK(b.joined == 2);
  CHECK(w.attempts(id).size() == 1);
  b.process.end(fence, outcome::succeeded);
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
}

TEST_CASE("what a node does not bring back is lost, and runs again elsewhere when its lease is over", "[join]") {
  world w{idle_cell()};
  auto b = std::make_unique<guest>(w, guest::named("b1"));
  w.advance(1s);
  const auto id = w.submit();
  w.run();
  guest c{w, guest::named("c1"), 12};
  w.advance(1s);
  b.reset();
  CHECK(node_of(w, "b1").now.lost);
  w.advance(13s);
  CHECK(w.row(id).node == "b1");
  w.advance(8s);
  CHECK(w.row(id).node == "c1");
  CHECK(w.row(id).attempt == 2);
  CHECK(w.row(id).counts.lost == 1);
  c.process.end(c.process.fence_of(id), outcome::succeeded);
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
}

TEST_CASE("a node is back in the cell after each part that it speaks to was started again", "[join]") {
  world w{idle_cell()};
  guest b{w, guest::named("b1")};
  w.advance(1s);
  for (const auto* part : {"registrar", "membership", "scheduler", "lane/fast", "desk", "steward", "publisher"}) {
    INFO(part);
    w.kill(part);
    w.advance(31s);
    const auto id = w.submit();
    w.advance(1s);
    REQUIRE(w.state(id) == job_state::running);
    b.process.end(b.process.fence_of(id), outcome::succeeded);
    w.advance(1s);
    CHECK(w.state(id) == job_state::succeeded);
    CHECK(w.attempts(id).size() == 1);
    CHECK(node_of(w, "b1").workers.size() == 2);
  }
  for (const auto* part :
       {"uplink", "steward", "runner", "worker/fast", "spool_keeper", "spool_files", "checkpoints"}) {
    INFO(part);
    const auto id = w.submit();
    w.run();
    b.kill(part);
    w.advance(31s);
    b.process.end(b.process.fence_of(id), outcome::succeeded);
    w.advance(6s);
    CHECK(w.state(id) == job_state::succeeded);
    CHECK(w.attempts(id).size() == 1);
    CHECK(node_of(w, "b1").workers.size() == 2);
  }
}

TEST_CASE("a node that is refused says why, goes on asking, and joins when it may", "[join]") {
  world w{idle_cell()};
  guest b{w, guest::named("b1")};
  w.advance(1s);
  auto other = std::make_unique<guest>(w, guest::named("b1"), 99);
  w.advance(1min);
  CHECK(other->joined == 0);
  CHECK(other->dialed.size() < 40);
  CHECK(other->dialed.size() > 3);
  b.cut_off();
  w.advance(15s);
  CHECK(other->joined == 1);
  auto wrong = guest::named("c1");
  wrong.node.workers = {{"medium", 1}};
  guest c{w, wrong, 12};
  w.advance(5s);
  CHECK(c.joined == 0);
  CHECK_FALSE(c.has("runner"));
  other.reset();
}

TEST_CASE("a node finds a cell that is not there yet", "[join]") {
  world w{idle_cell()};
  auto how = guest::named("b1");
  how.node.join = {"first:1", "second:2"};
  guest b{w, how};
  b.cut_off();
  w.advance(10s);
  const auto before = b.joined;
  CHECK(std::count(b.dialed.begin(), b.dialed.end(), "second:2") > 0);
  b.mend();
  w.advance(20s);
  CHECK(b.joined == before + 1);
}

TEST_CASE("operators drain, undrain and detach a node by its name", "[join]") {
  world w{idle_cell()};
  guest b{w, guest::named("b1")};
  w.advance(1s);
  const auto id = w.submit();
  w.run();
  const auto report = w.ask_now<drain_report>(desk(w), drain_node{"b1", duration{0}});
  CHECK_FALSE(report.failure);
  CHECK(report.node == "b1");
  REQUIRE(report.fates.size() == 1);
  CHECK(report.fates[0].what == "handed back");
  CHECK(w.state(id) == job_state::ready);
  CHECK(w.row(id).counts.lost == 0);
  CHECK_FALSE(w.ask_now<order_receipt>(desk(w), undrain_node{"b1"}).failure);
  w.advance(1s);
  CHECK(w.state(id) == job_state::running);
  CHECK(w.ask_now<drain_report>(desk(w), drain_node{"b2", {}}).failure->message ==
        "no node named \"b2\" is here now; here are: a1, b1");
  w.ask_now<order_receipt>(desk(w), detach_node{"b1"});
  w.advance(1s);
  CHECK(b.detached == 1);
  CHECK(w.detached == 0);
}

TEST_CASE("who drains a node that is lost meanwhile does not wait for it", "[join]") {
  world w{idle_cell()};
  guest b{w, guest::named("b1")};
  w.advance(1s);
  const auto id = w.submit();
  w.run();
  const auto report = w.ask_later<drain_report>(desk(w), drain_node{"b1", duration{1min}});
  w.advance(2s);
  CHECK_FALSE(*report);
  b.cut_off();
  w.advance(1s);
  REQUIRE(*report);
  CHECK((*report)->failure->code == errc::unavailable);
  CHECK((*report)->failure->message.starts_with("node b1 was lost"));
  b.process.end(b.process.fence_of(id), outcome::succeeded);
  b.mend();
  w.advance(20s);
  CHECK(w.state(id) == job_state::succeeded); // The answer that comes late is nobody's.
}

TEST_CASE("a lane with labels uses only nodes that have them", "[join]") {
  auto how = idle_cell();
  how.config.lanes[1].requires_labels = {{"lifetime", "stable"}};
  how.config.classes["work"].lane = "slow";
  world w{how};
  guest b{w, guest::named("b1")};
  w.advance(1s);
  const auto id = w.submit();
  w.advance(5s);
  CHECK(w.state(id) == job_state::ready);
  auto stable = guest::named("c1");
  stable.node.labels = {{"lifetime", "stable"}};
  guest c{w, stable, 12};
  w.advance(2s);
  CHECK(w.row(id).node == "c1");
}

TEST_CASE("a change of the cell's lanes reaches its nodes", "[join]") {
  world w{idle_cell()};
  guest b{w, guest::named("b1")};
  w.advance(1s);
  auto next = idle_cell().config;
  next.lanes.push_back(next.lanes[1]);
  next.lanes[2].name = "night";
  next.lanes[2].slots = 2;
  next.node.workers["night"] = 0;
  next.classes["work"].lane = "night";
  w.file = config::loaded{next, {}};
  CHECK_FALSE(w.ask_now<change_receipt>(desk(w), reload_config{}).failure);
  w.advance(2s);
  CHECK(b.has("worker/night"));
  const auto id = w.submit();
  w.advance(1s);
  CHECK(w.row(id).node == "b1");
  CHECK(w.row(id).lane == "night");
}

TEST_CASE("a node's own file is read again, and the cell hears of it", "[join]") {
  world w{idle_cell()};
  guest b{w, guest::named("b1")};
  w.advance(1s);
  CHECK(node_of(w, "b1").differences.empty());
  auto next = guest::named("b1");
  next.classes["work"].env = {{"LC_ALL", "C"}};
  b.file = config::loaded{next, {}};
  CHECK_FALSE(w.ask_now<change_receipt>(b.find<uplink_actor>("uplink"), reload_config{}).failure);
  w.advance(1s);
  CHECK(node_of(w, "b1").differences == std::vector<std::string>{"class work is configured differently there"});
  next.node.labels = {{"disk", "ssd"}};
  b.file = config::loaded{next, {}};
  CHECK(w.ask_now<change_receipt>(b.find<uplink_actor>("uplink"), reload_config{}).failure->code == errc::not_allowed);
}

TEST_CASE("a node that drains for its end hands back and uses up no attempt", "[join]") {
  world w{idle_cell()};
  guest b{w, guest::named("b1")};
  w.advance(1s);
  const auto id = w.submit();
  w.run();
  b.drain(duration{0});
  w.advance(1s);
  CHECK(b.drained.size() == 2);
  CHECK(w.state(id) == job_state::ready);
  CHECK(w.row(id).counts.failures == 0);
  CHECK(w.row(id).counts.lost == 0);
}
