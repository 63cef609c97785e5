#include "fabric/exec/report.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace fabric;
using namespace fabric::exec;

TEST_CASE("a report names the exit code or the signal, not both", "[exec]") {
  report_facts f;
  f.end = {outcome::failed, "exit code 3"};
  f.has_wait_status = true;
  f.wait_status = 3 << 8;
  f.usage.peak_rss_bytes = 4096;
  f.out = {100, 40};
  f.err = {7, 0};
  f.stderr_tail = "oops\n";
  f.timeline = {{1, "started"}, {2, "all gone"}};
  auto j = nlohmann::json::parse(render_report(f));
  CHECK(j["cause"] == "failed");
  CHECK(j["reason"] == "exit code 3");
  CHECK(j["exit_code"] == 3);
  CHECK(j["signal"].is_null());
  CHECK(j["memory_peak"]["bytes"] == 4096);
  CHECK(j["memory_peak"]["how"] == "rusage");
  CHECK(j["stdout"]["cut"] == 40);
  CHECK(j["stderr"]["tail"] == "oops\n");
  CHECK(j["timeline"][1]["what"] == "all gone");
  f.wait_status = 11;
  j = nlohmann::json::parse(render_report(f));
  CHECK(j["exit_code"].is_null());
  CHECK(j["signal"] == 11);
  f.has_wait_status = false;
  j = nlohmann::json::parse(render_report(f));
  CHECK(j["exit_code"].is_null());
  CHECK(j["signal"].is_null());
}

TEST_CASE("bytes that are no UTF-8 do not break a report", "[exec]") {
  report_facts f;
  f.stderr_tail = "\xff\xfe";
  CHECK(nlohmann::json::accept(render_report(f)));
}

TEST_CASE("a report from a dead keeper says what stop was under way", "[exec]") {
  const auto j = nlohmann::json::parse(render_lost_report({outcome::lost, "its keeper died"}, stop_reason::budget, {}));
  CHECK(j["cause"] == "lost");
  CHECK(j["reason"] == "its keeper died");
  CHECK(j["stopped"] == "budget");
}

TEST_CASE("a report has the limits in force, and the tree's peak where somebody looked", "[exec]") {
  report_facts f;
  f.usage.peak_rss_bytes = 4096;
  f.limits = {{"memory", "bytes", 100, 200, enforced_by::sampling, true},
              {"files", "count", 16, std::nullopt, enforced_by::rlimit, false}};
  f.tree = limit_readings{};
  f.tree->memory = 5000;
  const auto j = nlohmann::json::parse(render_report(f));
  CHECK(j["memory_peak"] == nlohmann::json{{"bytes", 5000}, {"how", "sampled"}});
  CHECK(j["limits"] == nlohmann::json::parse(R"([
      {"name": "memory", "unit": "bytes", "limit": 100, "measured": 200, "how": "sampled", "exceeded": true},
      {"name": "files", "unit": "count", "limit": 16, "measured": null, "how": "rlimit", "exceeded": false}])"));
}

TEST_CASE("a process that was larger than any sample of the tree is its peak", "[exec]") {
  report_facts f;
  f.usage.peak_rss_bytes = 4096;
  f.tree = limit_readings{};
  f.tree->memory = 4000;
  CHECK(nlohmann::json::parse(render_report(f))["memory_peak"]["how"] == "rusage");
}

TEST_CASE("what a job said last is in its report, also in that of one that succeeded", "[exec]") {
  report_facts f;
  CHECK_FALSE(nlohmann::json::parse(render_report(f)).contains("progress"));
  f.progress = R"({"percent":42.5,"at_us":7})";
  CHECK(nlohmann::json::parse(render_report(f))["progress"] == nlohmann::json{{"percent", 42.5}, {"at_us", 7}});
  CHECK(render_good_report(f.progress) == R"({"cause":"succeeded","progress":{"percent":42.5,"at_us":7}})");
}
