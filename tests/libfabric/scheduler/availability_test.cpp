#include "fabric/scheduler/availability.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using scheduler::unavailable_classes;
using names = std::set<std::string, std::less<>>;

namespace {

config::root two_lanes() {
  auto all = config::defaults();
  all.classes["here"].command = {"/bin/true"};
  all.classes["gone"].command = {"/no/such"};
  return all;
}

lane::status said(std::uint32_t slots, std::vector<std::string> classes) {
  lane::status s;
  s.heard = true;
  s.slots = slots;
  s.classes = std::move(classes);
  return s;
}

} // namespace

TEST_CASE("a class that no lane can run is unavailable") {
  CHECK(unavailable_classes(two_lanes(), {{"fast", said(3, {"here"})}, {"slow", said(1, {"here"})}}) == names{"gone"});
  CHECK(unavailable_classes(two_lanes(), {{"fast", said(3, {"here"})}, {"slow", said(1, {"gone"})}}).empty());
}

TEST_CASE("no class is unavailable until every lane has heard a worker") {
  CHECK(unavailable_classes(two_lanes(), {{"fast", said(3, {"here"})}}).empty());
  CHECK(unavailable_classes(two_lanes(), {{"fast", said(3, {"here"})}, {"slow", {}}}).empty());
}

TEST_CASE("a lane without slots hides no missing class, and makes none available") {
  auto all = two_lanes();
  all.node.workers["slow"] = 0;
  CHECK(unavailable_classes(all, {{"fast", said(3, {"here"})}, {"slow", said(0, {"gone", "here"})}}) == names{"gone"});
}

TEST_CASE("a drained node, or one short of memory, offers no slot for now: its classes are there all the same") {
  CHECK(unavailable_classes(two_lanes(), {{"fast", said(0, {"here"})}, {"slow", said(0, {"here"})}}) == names{"gone"});
}

TEST_CASE("where this node has no slots, those of other nodes say what can run; without any, jobs wait for them") {
  auto all = two_lanes();
  all.node.workers = {{"fast", 0}, {"slow", 0}};
  CHECK(unavailable_classes(all, {{"fast", said(2, {"here"})}, {"slow", said(0, {})}}) == names{"gone"});
  CHECK(unavailable_classes(all, {{"fast", said(0, {"here"})}, {"slow", said(0, {})}}).empty());
}
