#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::actors;
using namespace fabric::actors::testing;

namespace {

desk_face_actor desk(world& w) {
  return caf::actor_cast<desk_face_actor>(w.ask_now<desk_found>(w.scheduler(), find_desk{}).desk);
}

lane::status lane_now(world& w, const std::string& name) {
  for (const auto& l : w.ask_now<lane_reports>(w.scheduler(), get_lanes{}).lanes)
    if (l.now.name == name) return l.now;
  throw std::runtime_error("no such lane");
}

std::vector<std::string> reasons(world& w, job_id id) {
  std::vector<std::string> found;
  for (const auto& r : w.ask_now<job_explanation>(desk(w), explain_job{id}).reasons) found.push_back(r.what);
  return found;
}

using list = std::vector<std::string>;

} // namespace

TEST_CASE("a pause outlives the lane's actor and the desk's, and a resume lets the job run", "[desk]") {
  world w;
  w.run();
  CHECK_FALSE(w.ask_now<order_receipt>(desk(w), pause_lane{"fast", "new disk", {}}).failure);
  const auto id = w.submit("work");
  w.run();
  CHECK(reasons(w, id) == list{"lane_paused"});
  w.kill("lane/fast");
  w.kill("desk");
  w.advance(1s);
  CHECK(lane_now(w, "fast").pause->reason == "new disk");
  CHECK(reasons(w, id) == list{"lane_paused"});
  CHECK_FALSE(w.ask_now<order_receipt>(desk(w), resume_lane{"fast"}).failure);
  w.run();
  CHECK_FALSE(lane_now(w, "fast").pause);
  CHECK(reasons(w, id).at(0) == "running");
}

TEST_CASE("a pause for a time ends by itself", "[desk]") {
  world w;
  w.run();
  CHECK_FALSE(w.ask_now<order_receipt>(desk(w), pause_lane{"fast", "a moment", 30s}).failure);
  const auto id = w.submit("work");
  w.advance(29s);
  CHECK(reasons(w, id) == list{"lane_paused"});
  w.advance(2s);
  CHECK(reasons(w, id).at(0) == "running");
}

TEST_CASE("bad orders are refused, and a job that is not there is said to be", "[desk]") {
  world w;
  w.run();
  CHECK(w.ask_now<order_receipt>(desk(w), pause_lane{"fats", "x", {}}).failure->code == errc::unknown_lane);
  CHECK(w.ask_now<order_receipt>(desk(w), pause_lane{"fast", "", {}}).failure->code == errc::bad_input);
  CHECK(w.ask_now<order_receipt>(desk(w), resume_lane{"fast"}).failure->code == errc::wrong_state);
  CHECK(w.ask_now<job_explanation>(desk(w), explain_job{99}).failure->code == errc::not_found);
}

TEST_CASE("a job that a free slot does not get is an alarm, once", "[desk]") {
  world w;
  const auto alarms = [&] {
    std::vector<std::string> found;
    for (const auto& e : w.ask_now<event_page>(w.scheduler(), get_events{0, 1000, {}}).events)
      if (e.kind == "stalled") found.push_back(e.lane);
    return found;
  };
  w.run();
  w.ask_now<order_receipt>(desk(w), pause_lane{"fast", "to hold the job", {}});
  w.submit("work");
  w.advance(100s);
  CHECK(alarms().empty());
  w.store->disk_is_low = true; // Leases are refused.
  w.ask_now<order_receipt>(desk(w), resume_lane{"fast"});
  w.advance(25s);
  CHECK(alarms().empty());
  w.advance(100s);
  CHECK(alarms() == list{"fast"});
}

TEST_CASE("why a job of an ordering key does not run is told with the job that it waits for", "[desk]") {
  world w;
  auto one = spec();
  one.ordering_key = "build-42";
  const auto ids = w.ask_now<receipts>(w.scheduler(), submit_jobs{{one, one}}).items;
  const auto told = w.ask_now<job_explanation>(desk(w), explain_job{ids[1].id});
  REQUIRE(told.reasons.size() == 1);
  CHECK(told.reasons[0].what == "waits_for_key");
  CHECK(told.reasons[0].text == "it waits for earlier jobs of key build-42: job " + std::to_string(ids[0].id) +
                                    " is the first of them and running, 1 job is before it");
  CHECK(reasons(w, ids[0].id).at(0) == "running");
}
