#include "nodes/cli/text/report_json.hpp"
#include "nodes/cli/text/report_text.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace fabric;
using namespace fabric::cli;
using nlohmann::json;

namespace {

const style plain{false};

store::event some_event() {
  return {.id = 7,
          .at = time_point{500'000h},
          .kind = "demoted",
          .job = 42,
          .job_class = "checksum",
          .lane = "slow",
          .node = "a1",
          .attempt = 1,
          .text = "over the budget of lane fast (60s)"};
}

actors::lane_reports some_lanes() {
  actors::lane_report fast;
  fast.now.name = "fast";
  fast.now.serving = true;
  fast.now.ready = 1234;
  fast.now.slots = 3;
  fast.now.busy = 2;
  fast.now.oldest_wait = 250s;
  fast.counts.lane = "fast";
  fast.counts.succeeded = 10;
  fast.counts.waiting = 7;
  fast.counts.wasted = 90s;
  actors::lane_report slow;
  slow.now.name = "slow";
  return {{fast, slow}, "fast-first", {}, {}};
}

actors::node_reports some_nodes() {
  node::worker_status w;
  w.name = "fast@a1";
  w.lane = "fast";
  w.slots = 3;
  w.runner_up = true;
  held_attempt held;
  held.fence = 9;
  held.job = 42;
  held.attempt = 1;
  held.ran = 3s;
  w.held = {held};
  actors::node_report a1;
  a1.now.node = "a1";
  a1.now.held = 1;
  a1.workers = {w};
  actors::node_report b1;
  b1.now.node = "b1";
  b1.now.silent = 8s;
  return {{a1, b1}};
}

} // namespace

TEST_CASE("the lane table shows slots, queues and what they cost", "[cli][reports]") {
  CHECK(
      lane_table(some_lanes()).render(plain) ==
      "LANE  STATE    BUSY  READY  SCHEDULED  WAITING      OLDEST  SUCCEEDED  BURIED  CANCELLED  DEMOTED      WASTED\n"
      "fast  serving   2/3  1,234          0        7  4 min 10 s         10       0          0        0  1 min 30 s\n"
      "slow  away      0/0      0          0        0           -          0       0          0        0           "
      "-\n");
}

TEST_CASE("what was thrown away is shown by class and by node, the most first", "[cli][reports]") {
  auto all = some_lanes();
  CHECK(waste_text(all).empty());
  all.wasted.classes = {{"a", 1s}, {"b", 90s}};
  all.wasted.nodes = {{"a1", 91s}};
  CHECK(waste_text(all) == "wasted by class: b 1 min 30 s, a 1.0 s\nwasted by node: a1 1 min 31 s\n");
  CHECK(to_json(all)["wasted_s"] == json{{"classes", {{"a", 1.0}, {"b", 90.0}}}, {"nodes", {{"a1", 91.0}}}});
}

TEST_CASE("the node table has a line per worker, and one for a node without", "[cli][reports]") {
  CHECK(node_table(some_nodes()).render(plain) == "NODE       SEEN  WORKER   LANE  STATE      BUSY  JOBS\n"
                                                  "a1          now  fast@a1  fast  ok          1/3  42 (3.0 s)\n"
                                                  "b1    8.0 s ago                 no answer\n");
}

TEST_CASE("a lost node says what it held; labels and differences are told below the table", "[cli][reports]") {
  auto all = some_nodes();
  all.nodes[1].now.lost = true;
  all.nodes[1].now.held = 2;
  all.nodes[1].labels = {{"disk", "ssd"}};
  all.nodes[1].differences = {"class sum is not configured there"};
  CHECK(node_table(all).render(plain).find("lost         2 held when last seen") != std::string::npos);
  CHECK(node_notes(all) == "b1: disk=ssd\nb1: class sum is not configured there\n");
}

TEST_CASE("a worker in trouble says so", "[cli][reports]") {
  auto all = some_nodes();
  auto& w = all.nodes[0].workers[0];
  const auto shown = [&](const char* text) { return node_table(all).render(plain).find(text) != std::string::npos; };
  w.leaked = 1;
  CHECK(shown("1 leaked"));
  w.draining = true;
  CHECK(shown("draining"));
  w.memory = {true, 300u << 20, 512u << 20};
  CHECK(shown("memory low: 300 MiB available, 512 MiB wanted"));
  w.runner_up = false;
  CHECK(shown("no runner"));
}

TEST_CASE("an event is one line, whatever is in it", "[cli][reports]") {
  auto e = some_event();
  CHECK(event_line(e, plain) ==
        "2027-01-15T08:00:00.000Z  demoted       job 42.1  checksum  slow  a1  over the budget of lane fast (60s)");
  e.text = "two\nlines";
  e.kind = "scheduler_started";
  e.job = 0;
  e.job_class.clear();
  e.lane.clear();
  CHECK(event_line(e, plain) == "2027-01-15T08:00:00.000Z  scheduler_started  a1  two\\nlines");
}

TEST_CASE("reports have a fixed form in JSON", "[cli][reports]") {
  CHECK(to_json(some_event()) == json::parse(R"x({"id": 7, "at": "2027-01-15T08:00:00.000Z", "kind": "demoted",
        "job": 42, "class": "checksum", "lane": "slow", "node": "a1", "attempt": 1,
        "text": "over the budget of lane fast (60s)"})x"));
  CHECK(to_json(store::event{}) == json::parse(R"x({"id": 0, "at": null, "kind": "", "job": null, "class": null,
        "lane": null, "node": null, "attempt": null, "text": ""})x"));
  const auto lanes = to_json(some_lanes());
  CHECK(lanes["policy"] == "fast-first");
  CHECK(lanes["lanes"][0]["oldest_wait_s"] == 250.0);
  CHECK(lanes["lanes"][0]["counts"]["wasted_s"] == 90.0);
  CHECK(lanes["lanes"][1]["serving"] == false);
  const auto nodes = to_json(some_nodes());
  CHECK(nodes["nodes"][0]["workers"][0]["held"] ==
        json::parse(R"x([{"job": 42, "attempt": 1, "fence": 9, "ran_s": 3.0}])x"));
  CHECK(nodes["nodes"][1]["workers"] == json::array());
  CHECK(nodes["nodes"][0]["workers"][0]["memory_low"].is_null());
  auto short_of = some_nodes();
  short_of.nodes[0].workers[0].memory = {true, 1, 2};
  CHECK(to_json(short_of)["nodes"][0]["workers"][0]["memory_low"] == json{{"available", 1}, {"wanted", 2}});
  CHECK(to_json(error{errc::unknown_lane, "no lane \"x\"", "/lane"}) ==
        json::parse(R"x({"code": "unknown_lane", "message": "no lane \"x\"", "where": "/lane"})x"));
}
