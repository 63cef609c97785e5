#include "tests/libfabric/lane/lane_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::lane;

namespace {

std::shared_ptr<policy::lane_policy> policy_of(const std::string& name, std::vector<std::string> lanes) {
  std::vector<policy::lane_info> all;
  for (auto& l : lanes) all.push_back({std::move(l), {}, {}, {}, false});
  return *policy::make_policy(name, std::move(all), {});
}

/// Running since `now`, with its process seen.
void run_one(lane_fixture& f, job_id id, fence_t fence) {
  f.serve({lane_fixture::running(id, fence)});
  f.tell(wanted{lane_fixture::wants(3)});
  f.tell(started{{fence, duration{0}}});
}

} // namespace

TEST_CASE("a budget that became shorter is over when it is, and one that was taken away never", "[reconfigure]") {
  lane_fixture f;
  run_one(f, 1, 5);
  auto how = f.how;
  how.budget = 4s;
  f.tell(reconfigured{how, f.policy});
  CHECK(f.after(3s).empty());
  CHECK(f.after(1s + 1us).size() == 1); // Stopped.
  CHECK(f.all<tell_stop>().at(0).order.why == stop_reason::budget);

  lane_fixture g;
  run_one(g, 1, 5);
  how.budget.reset();
  g.tell(reconfigured{how, g.policy});
  g.after(1h);
  CHECK(g.all<tell_stop>().empty());
}

TEST_CASE("one that is over already is acted on at once", "[reconfigure]") {
  lane_fixture f;
  run_one(f, 1, 5);
  f.after(8s);
  auto how = f.how;
  how.budget = 4s;
  f.tell(reconfigured{how, f.policy});
  REQUIRE(f.all<tell_stop>().size() == 1);
  CHECK(f.all<tell_stop>()[0].order.why == stop_reason::budget);
}

TEST_CASE("an attempt that is being stopped goes where the new policy says", "[reconfigure]") {
  lane_fixture f;
  run_one(f, 1, 5);
  f.after(10s + 1us);
  REQUIRE(f.all<tell_stop>().size() == 1);
  auto how = f.how;
  how.lanes = {"fast", "other"};
  f.tell(reconfigured{how, policy_of("fast-first", {"fast", "other"})});
  attempt_ended e;
  e.fence = 5;
  e.job = 1;
  e.end.how = outcome::demoted;
  e.end.started = true;
  f.tell(ended{e, "a1"});
  CHECK(f.asks<store::end>().at(0).second.decision.move_to == "other");
}

TEST_CASE("with another order the lane reads its jobs again", "[reconfigure]") {
  lane_fixture f;
  f.serve({lane_fixture::row(1)});
  auto how = f.how;
  how.demoted_first = false;
  f.tell(reconfigured{how, f.policy});
  CHECK(f.asks<store::open_lane>().size() == 1);
  f.tell(reconfigured{how, f.policy});
  CHECK(f.asks<store::open_lane>().empty());
}

TEST_CASE("a lane that is gone gets no job and gives none back", "[reconfigure]") {
  lane_fixture f("slow-first", "slow");
  auto how = f.how;
  how.lanes = {"slow"};
  auto guest = lane_fixture::row(2);
  guest.overflow_from = "fast";
  f.serve({lane_fixture::row(1), guest});
  f.tell(reconfigured{how, policy_of("slow-first", {"slow"})});
  CHECK(f.asks<store::move>().empty());
  f.tell(offered{"fast", 1, 3, 0, {"work"}});
  CHECK(f.asks<store::move>().empty());
}

TEST_CASE("a retired lane takes no running attempt and offers nothing", "[reconfigure]") {
  lane_fixture f("slow-first", "fast");
  f.serve();
  f.tell(wanted{lane_fixture::wants(3)});
  REQUIRE(f.all<offer>().size() == 1);
  f.tell(retired{});
  REQUIRE(f.all<offer>().size() == 1);
  CHECK(f.all<offer>()[0].slots == 0);
  f.tell(carry_asked{"slow", 9, 4, "a1", 1s});
  CHECK(f.all<refuse_carry>().size() == 1);
  f.tell(view_changed{});
  f.tell(wanted{lane_fixture::wants(2, 2)});
  CHECK(f.all<offer>().empty());
  f.tell(reconfigured{f.how, f.policy});
  CHECK(f.all<offer>().size() == 1); // The change was taken back.
}
