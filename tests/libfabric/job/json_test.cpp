#include "fabric/job/json.hpp"
#include "fabric/job/strict_json.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace fabric;
using nlohmann::json;

namespace {

constexpr time_point instant = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + 3h + 4min + 5s + 678ms;

job numbered(job_id id) {
  job j;
  j.id = id;
  return j;
}

attempt attempt_of(job_id id, std::uint32_t number) {
  attempt a;
  a.job = id;
  a.number = number;
  return a;
}

} // namespace

TEST_CASE("a job is written with all its columns", "[json]") {
  job j = numbered(9);
  j.job_class = "c";
  j.lane = "slow";
  j.state = job_state::running;
  j.version = 4;
  j.submitted_at = instant;
  j.counts.demoted = 1;
  j.fence = 12;
  j.attempt = 2;
  j.node = "a1";
  j.lease = 15s;
  j.wasted = 1500ms;
  j.ran_before = 2s;
  j.labels = {{"k", "v"}};
  j.ordering_key = "build-42";
  j.key_order = 9;
  CHECK(to_json(j) == json::parse(R"({
    "id": 9, "class": "c", "lane": "slow", "state": "running", "priority": 1024, "version": 4, "demoted_order": 0,
    "overflow_from": null, "run_at": null, "submitted_at": "2026-01-02T03:04:05.678Z", "finished_at": null,
    "fence": 12, "attempt": 2, "max_attempts": 3,
    "counts": {"failures": 0, "memory": 0, "lost": 0, "demoted": 1, "checkpointed": 0},
    "idempotency_key": null, "owner": "", "labels": {"k": "v"}, "reason": null, "cancel_requested": false,
    "node": "a1", "lease_s": 15.0, "lane_deaths": 0, "wasted_s": 1.5, "ran_before_s": 2.0,
    "key": "build-42", "key_order": 9})"));
  CHECK(to_json(numbered(1))["key"] == nullptr);
  CHECK(to_json(key_line{4, job_state::scheduled, 2}) ==
        json{{"first", 4}, {"first_state", "scheduled"}, {"ahead", 2}});
}

TEST_CASE("an attempt is written with its report as a value", "[json]") {
  attempt a = attempt_of(9, 2);
  a.fence = 12;
  a.node = "a1";
  a.worker = "fast@a1";
  a.lane = "fast";
  a.leased_at = instant;
  json expected = json::parse(R"({"job": 9, "number": 2, "fence": 12, "node": "a1", "worker": "fast@a1", "lane": "fast",
    "leased_at": "2026-01-02T03:04:05.678Z", "started_at": null, "ended_at": null, "outcome": null, "run_time_s": 0.0,
    "saved": false, "report": null})");
  CHECK(to_json(a) == expected);
  a.ended_as = outcome::crashed;
  a.report = R"({"signal":11})";
  expected["outcome"] = "crashed";
  expected["report"] = {{"signal", 11}};
  CHECK(to_json(a) == expected);
}

TEST_CASE("show puts input, result and attempts beside the job", "[json]") {
  const std::vector<attempt> attempts{attempt_of(9, 1), attempt_of(9, 2)};
  const json shown = to_json(numbered(9), R"({"a":1})", std::nullopt, attempts);
  CHECK(shown["id"] == 9);
  CHECK(shown["input"] == json{{"a", 1}});
  CHECK(shown["result"] == nullptr);
  REQUIRE(shown["attempts"].size() == 2);
  CHECK(shown["attempts"][1]["number"] == 2);
  CHECK(to_json(job{}, std::nullopt, "[1]", {})["attempts"] == json::array());
}

TEST_CASE("a spec leaves out what was not given", "[json]") {
  job_spec spec;
  spec.job_class = "c";
  CHECK(to_json(spec) == json{{"class", "c"}, {"input", nullptr}, {"priority", 1024}});
}

TEST_CASE("stored text that is damaged is shown as a string", "[json]") {
  CHECK(embedded("{\"a\":") == "{\"a\":");
  CHECK(embedded("") == nullptr);
  CHECK(json_text(embedded("\xFF")) == "\"\xEF\xBF\xBD\"");
}
