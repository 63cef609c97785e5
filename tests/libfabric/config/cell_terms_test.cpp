#include "fabric/config/cell_terms.hpp"
#include "fabric/config/dump.hpp"
#include "fabric/config/lanes.hpp"
#include "fabric/config/load.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::config;

TEST_CASE("a node takes lanes, routing, limits and leases from the cell and keeps the rest", "[cell_terms]") {
  auto cell = defaults();
  cell.lanes[0].slots = 7;
  cell.lanes[0].requires_labels = {{"disk", "ssd"}};
  cell.lanes[1].place = {lane_place::kind::node, "b1", {}};
  cell.routing.policy = "slow-first";
  cell.limits.max_queued = 5;
  cell.lease.first = 30s;
  auto own = defaults();
  own.node.name = "b1";
  own.node.workers = {{"slow", 2}};
  own.classes["sum"].command = {"/usr/bin/sha256sum"};
  const auto both = under_terms(own, cell_terms(cell));
  REQUIRE(both);
  CHECK(both->lanes[0].slots == 7);
  CHECK(both->lanes[0].requires_labels == cell.lanes[0].requires_labels);
  CHECK(both->lanes[1].place == cell.lanes[1].place);
  CHECK(both->routing.policy == "slow-first");
  CHECK(both->limits.max_queued == 5);
  CHECK(both->lease.first == duration{30s});
  CHECK(both->node.name == "b1");
  CHECK(both->classes.contains("sum"));
  cell.classes = own.classes; // Of these the terms say how often a job is tried.
  CHECK(cell_terms(*both) == cell_terms(cell));
}

TEST_CASE("a client may name commands only where the cell and the node allow it", "[cell_terms]") {
  auto cell = defaults();
  auto own = defaults();
  own.allow_ad_hoc = true;
  CHECK_FALSE(under_terms(own, cell_terms(cell))->allow_ad_hoc);
  cell.allow_ad_hoc = true;
  CHECK(under_terms(own, cell_terms(cell))->allow_ad_hoc);
  own.allow_ad_hoc = false;
  CHECK_FALSE(under_terms(own, cell_terms(cell))->allow_ad_hoc);
}

TEST_CASE("terms that cannot be read are refused whole", "[cell_terms]") {
  CHECK(under_terms(defaults(), "no").error().code == errc::bad_input);
  CHECK(under_terms(defaults(), R"({"lanes": [{"name": "a", "colour": 1}]})").error().message.find("colour") !=
        std::string::npos);
}

TEST_CASE("slots need the labels that the lane requires", "[cell_terms]") {
  auto all = defaults();
  all.lanes[1].requires_labels = {{"lifetime", "stable"}};
  all.node.workers = {{"slow", 4}};
  CHECK(slots_on_node(all, all.lanes[1]) == 0);
  all.node.labels = {{"lifetime", "short"}};
  CHECK(slots_on_node(all, all.lanes[1]) == 0);
  all.node.labels = {{"lifetime", "stable"}, {"disk", "ssd"}};
  CHECK(slots_on_node(all, all.lanes[1]) == 4);
}

TEST_CASE("lanes that a node names and the cell does not have are found", "[cell_terms]") {
  CHECK(unknown_lanes({{"fast", 1}, {"medium", 2}, {"other", 0}}, defaults()) ==
        std::vector<std::string>{"medium", "other"});
}

TEST_CASE("a node that joins may name lanes that its own file does not have", "[cell_terms]") {
  const std::string file = R"({"node": {"name": "b1", "join": ["s1:7600", "[::1]:7600"], "workers": {"heavy": 2}},
      "classes": {"c": {"command": ["/bin/true"], "lane": "heavy"}}})";
  const auto all = load(file, "c.json");
  INFO((all ? "" : render(all.error())));
  REQUIRE(all);
  CHECK(all->node.join.size() == 2);
  CHECK_FALSE(load(R"({"node": {"workers": {"heavy": 2}}})", "c.json"));
  CHECK_FALSE(load(R"({"node": {"join": ["s1"]}})", "c.json"));
  CHECK_FALSE(load(R"({"node": {"join": ["s1:1", "s1:1"]}})", "c.json"));
  CHECK_FALSE(load(R"({"lanes": [{"name": "a", "place": {}}]})", "c.json"));
}
