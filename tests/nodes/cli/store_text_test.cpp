#include "nodes/cli/text/store_text.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace fabric;
using namespace fabric::cli;

TEST_CASE("a store is described with its sizes, its jobs over all lanes, and the numbers it gave last", "[cli]") {
  const time_point now{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};
  store::store_info info;
  info.path = "/d/store.db\x1b";
  info.schema = 1;
  info.sqlite = "3.40.1";
  info.file_bytes = 3 << 20;
  info.lanes = {{.lane = "fast", .ready = 2, .succeeded = 1000}, {.lane = "slow", .ready = 1}};
  info.oldest = store::oldest_job{7, job_state::ready, now - 2min};
  info.fence = 1005;
  const auto text = store_text(info, {3, 2048}, now);
  CHECK(text.find('\x1b') == text.npos);
  CHECK(text.find("3 ready, 0 running, 1,000 succeeded") != text.npos);
  CHECK(text.find("3 MiB") != text.npos);
  CHECK(text.find("2 KiB in 3 files") != text.npos);
  CHECK(text.find("job 7 (ready), submitted 2 min ago") != text.npos);
  CHECK(text.find("fence 1005") != text.npos);
  const auto json = store_json(info, {3, 2048});
  CHECK(json["jobs"]["ready"] == 3);
  CHECK(json["oldest"]["id"] == 7);
  CHECK(json["spool_files"] == 3);
  info.oldest.reset();
  CHECK(store_json(info, {})["oldest"].is_null());
}

TEST_CASE("each violation of a store has its line", "[cli]") {
  CHECK(violations_text({{"a rule", "job 1"}, {"a rule", "job 2"}}) == "a rule: job 1\na rule: job 2\n");
  CHECK(violations_json({{"a rule", "job 1"}})[0]["what"] == "job 1");
}
