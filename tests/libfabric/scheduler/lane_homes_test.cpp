#include "fabric/scheduler/lane_homes.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::scheduler;

namespace {

using homes = std::map<std::string, std::string>;

config::root cell() {
  auto all = config::defaults();
  all.node.name = "s1";
  all.lanes.resize(4);
  all.lanes[2].name = "third";
  all.lanes[3].name = "fourth";
  return all;
}

config::lane_place on(const std::string& node) { return {config::lane_place::kind::node, node, {}}; }
config::lane_place with(const std::string& value) { return {config::lane_place::kind::labels, "", {{"disk", value}}}; }

} // namespace

TEST_CASE("a lane lives with the scheduler unless its place says otherwise", "[lane_homes]") {
  auto all = cell();
  CHECK(lane_homes(all, {{"s1", {}}, {"b1", {}}}, {}).empty());
  all.lanes[0].place = on("s1");
  all.lanes[1].place = with("ssd");
  all.node.labels = {{"disk", "ssd"}};
  for (const auto& l : all.lanes) CHECK(lives_with_scheduler(l, all.node));
  CHECK(lane_homes(all, {{"s1", all.node.labels}, {"b1", {{"disk", "ssd"}}}}, {}).empty());
}

TEST_CASE("a lane of a named node lives there while it is connected, and nowhere else", "[lane_homes]") {
  auto all = cell();
  all.lanes[0].place = on("b1");
  CHECK(lane_homes(all, {{"s1", {}}, {"b1", {}}, {"b2", {}}}, {}) == homes{{"fast", "b1"}});
  CHECK(lane_homes(all, {{"s1", {}}, {"b2", {}}}, {{"fast", "b1"}}).empty());
}

TEST_CASE("lanes with labels are spread over the nodes that have them, and stay", "[lane_homes]") {
  auto all = cell();
  for (auto& l : all.lanes) l.place = with("ssd");
  const std::map<std::string, std::string> ssd{{"disk", "ssd"}};
  const auto first = lane_homes(all, {{"s1", {}}, {"b1", ssd}, {"b2", ssd}, {"b3", {{"disk", "hdd"}}}}, {});
  CHECK(first == homes{{"fast", "b1"}, {"slow", "b2"}, {"third", "b1"}, {"fourth", "b2"}});
  const auto more = lane_homes(all, {{"s1", {}}, {"a0", ssd}, {"b1", ssd}, {"b2", ssd}}, first);
  CHECK(more == first);
  const auto lost = lane_homes(all, {{"s1", {}}, {"a0", ssd}, {"b2", ssd}}, first);
  CHECK(lost == homes{{"fast", "a0"}, {"slow", "b2"}, {"third", "a0"}, {"fourth", "b2"}});
  CHECK(lane_homes(all, {{"s1", {}}}, lost).empty());
}

TEST_CASE("a lane whose place changed moves", "[lane_homes]") {
  auto all = cell();
  all.lanes[0].place = on("b2");
  CHECK(lane_homes(all, {{"s1", {}}, {"b1", {}}, {"b2", {}}}, {{"fast", "b1"}}) == homes{{"fast", "b2"}});
  all.lanes[0].place = {};
  CHECK(lane_homes(all, {{"s1", {}}, {"b2", {}}}, {{"fast", "b2"}}).empty());
}

TEST_CASE("what moved is told by lane, from where and to where, of lanes that are gone too", "[lane_homes]") {
  const homes was{{"fast", "b1"}, {"gone", "b1"}, {"slow", "b2"}};
  const homes is{{"fast", "b2"}, {"new", "b1"}, {"slow", "b2"}};
  CHECK(lane_moves(was, is) == std::vector<lane_move>{{"fast", "b1", "b2"}, {"gone", "b1", ""}, {"new", "", "b1"}});
  CHECK(lane_moves(is, is).empty());
}
