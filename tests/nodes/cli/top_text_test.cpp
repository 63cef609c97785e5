#include "nodes/cli/text/top_text.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace fabric;
using namespace fabric::cli;

namespace {

overview busy() {
  overview now;
  now.lanes.policy = "fast-first";
  actors::lane_report fast;
  fast.now.name = "fast";
  fast.now.oldest_wait = 90s;
  now.lanes.lanes.push_back(fast);
  node::worker_status worker;
  worker.lane = "fast";
  worker.held = {{1, 7, 1, 2s, "fast"}, {2, 8, 2, 3min, "fast"}};
  actors::node_report n1;
  n1.now.node = "n1";
  n1.workers.push_back(worker);
  now.nodes.nodes.push_back(n1);
  store::event buried;
  buried.kind = "buried";
  buried.job = 5;
  now.actions.push_back(buried);
  return now;
}

} // namespace

TEST_CASE("an overview shows lanes, the jobs that run longest, and what was done", "[cli]") {
  const auto text = top_text(busy(), {}, 0, 1);
  CHECK(text.find("policy fast-first\n") == 0);
  CHECK(text.find("1 min 30 s") != text.npos);
  CHECK(text.find("8") < text.find("and 1 more"));
  CHECK(text.find("  3 min") != text.npos);
  CHECK(text.find("buried        job 5") != text.npos);
  const auto json = top_json(busy());
  CHECK(json["running"][0]["job"] == 8);
  CHECK(json["running"][1]["ran_s"] == 2.0);
  CHECK(json["lanes"][0]["lane"] == "fast");
  CHECK(json["actions"][0]["kind"] == "buried");
}

TEST_CASE("an overview of an idle fabric says that nothing runs", "[cli]") {
  CHECK(top_text({}, {}, 0, 20).find("nothing runs\n") != std::string::npos);
}
