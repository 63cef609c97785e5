#include "nodes/cli/text/explain_text.hpp"
#include "nodes/cli/text/report_json.hpp"
#include "nodes/cli/text/report_text.hpp"
#include "tests/nodes/cli/parsing.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace fabric;
using namespace fabric::cli;
using namespace fabric::cli::testing;

namespace {

actors::lane_reports paused_lanes() {
  actors::lane_report fast;
  fast.now.name = "fast";
  fast.now.serving = true;
  fast.now.pause = lane_pause{time_point{}, time_point{} + 60s, "new disk"};
  actors::lane_report slow;
  slow.now.name = "slow";
  slow.now.serving = true;
  slow.now.pause = lane_pause{time_point{} + 1s, no_time, "line\nbreak"};
  return {{fast, slow}, "fast-first", {}};
}

} // namespace

TEST_CASE("pause takes a lane, a reason and perhaps a time", "[cli][parse]") {
  const auto call = good({"pause", "fast", "--reason", "new disk", "--for", "5m"});
  CHECK(call.command == "pause");
  CHECK(call.order.lane == "fast");
  CHECK(call.order.reason == "new disk");
  CHECK(call.order.length == 5min);
  CHECK_FALSE(good({"pause", "fast", "--reason", "x"}).order.length);
  CHECK(bad({"pause", "fast"}).find("--reason") != std::string::npos);
  CHECK(bad({"pause", "fast", "--reason", "x", "--for", "soon"}).find("--for") != std::string::npos);
  CHECK(good({"resume", "slow"}).order.lane == "slow");
  CHECK(bad({"resume"}).find("LANE") != std::string::npos);
  CHECK(good({"explain", "7"}).ids == std::vector<job_id>{7});
  CHECK_FALSE(bad({"explain", "7", "8"}).empty());
}

TEST_CASE("a paused lane says so, since when and why", "[cli][text]") {
  const auto all = paused_lanes();
  CHECK(lane_table(all).render({}).find("paused") != std::string::npos);
  CHECK(pause_lines(all) ==
        "lane fast is paused since 1970-01-01T00:00:00.000Z until 1970-01-01T00:01:00.000Z: new disk\n"
        "lane slow is paused since 1970-01-01T00:00:01.000Z: line\\nbreak\n");
  const auto json = to_json(all);
  CHECK(json["lanes"][0]["pause"]["reason"] == "new disk");
  CHECK(json["lanes"][1]["pause"]["until"] == nullptr);
}

TEST_CASE("an explanation is the reasons, and the parts with their sum", "[cli][text]") {
  actors::job_explanation all;
  all.row.id = 7;
  all.row.job_class = "work";
  all.row.lane = "fast";
  all.row.state = job_state::ready;
  all.reasons = {{"no_free_slot", "all 3 slots of lane fast are busy"}};
  all.parts = {{scheduler::activity::ran, 1, 3s}, {scheduler::activity::is_waiting, 0, 250ms}};
  all.total = 3250ms;
  CHECK(explain_text(all, {}) == "job 7 is ready in lane fast, class work\n"
                                 "  - all 3 slots of lane fast are busy\n"
                                 "where its time went:\n"
                                 "  PART    OF           TIME\n"
                                 "  ran     attempt 1   3.0 s\n"
                                 "  waits              250 ms\n"
                                 "  in all              3.2 s\n");
  const auto json = to_json(all);
  CHECK(json["reasons"][0]["what"] == "no_free_slot");
  CHECK(json["parts"][0] == nlohmann::json{{"what", "ran"}, {"attempt", 1}, {"s", 3.0}});
  CHECK(json["total_s"] == 3.25);
}
