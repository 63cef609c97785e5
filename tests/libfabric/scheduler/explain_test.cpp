#include "fabric/scheduler/explain.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::scheduler;

namespace {

constexpr time_point now{std::chrono::hours{1}};

config::root cell() {
  auto all = config::defaults();
  all.classes["work"].command = {"/bin/true"};
  return all;
}

/// A ready job that nothing blocks.
explain_facts free_job() {
  explain_facts f;
  f.row.id = 7;
  f.row.job_class = "work";
  f.row.lane = "fast";
  f.row.submitted_at = now - 10s;
  f.lane.emplace();
  f.lane->serving = true;
  f.lane->slots = 3;
  f.lane->classes = {"work"};
  f.place.emplace();
  return f;
}

std::vector<std::string> words(const explain_facts& f, const config::root& all = cell()) {
  std::vector<std::string> found;
  for (const auto& r : explain(f, all, now)) found.push_back(r.what);
  return found;
}

std::string text(const explain_facts& f, const std::string& what, const config::root& all = cell()) {
  for (const auto& r : explain(f, all, now))
    if (r.what == what) return r.text;
  return "";
}

using list = std::vector<std::string>;

} // namespace

TEST_CASE("a ready job that nothing blocks is next") {
  auto f = free_job();
  CHECK(words(f) == list{"next"});
  f.place->asked = true;
  CHECK(words(f) == list{"being_leased"});
}

TEST_CASE("a full lane and the jobs ahead are told with their numbers") {
  auto f = free_job();
  f.lane->busy = 3;
  f.place->ahead = 12;
  f.place->more_urgent = 4;
  f.place->of_its_class = 9;
  CHECK(words(f) == list{"no_free_slot", "in_line"});
  CHECK(text(f, "no_free_slot") == "all 3 slots of lane fast are busy");
  CHECK(text(f, "in_line") ==
        "12 ready jobs come first, 4 of them more urgent than priority 1024, 9 of the same class");
  f.lane->slots = 0;
  CHECK(words(f) == list{"no_slots", "in_line"});
}

TEST_CASE("all that keeps a job from running is told at once") {
  auto f = free_job();
  auto all = cell();
  all.classes["work"].enabled = false;
  f.lane->pause = lane_pause{now - 60s, now + 60s, "new disk"};
  node::worker_status w;
  w.name = "fast@a1";
  w.draining = true;
  w.runner_up = false;
  w.leaked = 2;
  f.workers = {w};
  f.place->refused_work = true;
  CHECK(words(f, all) == list{"class_disabled", "lane_paused", "draining", "runner_away", "leaked", "no_space"});
  CHECK(text(f, "lane_paused", all) ==
        "lane fast is paused since 1970-01-01T00:59:00.000Z until 1970-01-01T01:01:00.000Z: new disk");
}

TEST_CASE("a class that is not there, or that nobody can run, is told") {
  auto f = free_job();
  f.lane->classes = {};
  CHECK(words(f) == list{"class_unavailable"});
  f.row.job_class = "gone";
  CHECK(words(f) == list{"unknown_class", "class_unavailable"});
  f.lane.reset();
  f.place.reset();
  CHECK(words(f) == list{"unknown_class", "lane_away"});
}

TEST_CASE("a job that waits for its time says for which") {
  auto f = free_job();
  f.row.state = job_state::scheduled;
  f.row.run_at = now + 90s;
  CHECK(text(f, "delayed") == "it is due at 1970-01-01T01:01:30.000Z, in 90s, as its submitter wished");
  f.row.attempt = 2;
  f.row.max_attempts = 3;
  f.row.reason = "exit code 1";
  CHECK(text(f, "backoff") == "it is due at 1970-01-01T01:01:30.000Z, in 90s, after attempt 2 of 3: exit code 1");
}

TEST_CASE("a job that waits for earlier ones of its key says for which, and what else is in its way") {
  auto f = free_job();
  f.place.reset();
  f.row.state = job_state::waiting;
  f.row.ordering_key = "build-42";
  CHECK(text(f, "waits_for_key") == "it waits for earlier jobs of key build-42");
  f.line = key_line{3, job_state::running, 1};
  CHECK(words(f) == list{"waits_for_key"});
  CHECK(text(f, "waits_for_key") ==
        "it waits for earlier jobs of key build-42: job 3 is the first of them and running, 1 job is before it");
  f.line->ahead = 4;
  CHECK(text(f, "waits_for_key").ends_with("running, 4 jobs are before it"));
  f.lane->pause = lane_pause{now - 60s, no_time, "new disk"};
  CHECK(words(f) == list{"waits_for_key", "lane_paused"});
}

TEST_CASE("a running job tells of its attempt and of the budget that is left") {
  auto f = free_job();
  f.row.state = job_state::running;
  f.row.attempt = 1;
  f.row.fence = 5;
  f.row.node = "a1";
  f.row.lease = 15s;
  f.attempts.emplace_back();
  f.attempts.back().leased_at = now - 30s;
  CHECK(words(f) == list{"running", "not_held"});
  CHECK(text(f, "running") == "attempt 1 runs on node a1 in lane fast, leased 30s ago for 15s at a time");
  node::worker_status w;
  w.held.push_back({5, 7, 1, 20s, "fast"});
  f.workers = {w};
  CHECK(text(f, "budget") == "40s of the lane's budget of 1m are left");
  f.row.cancel_requested = true;
  f.row.reason = "cancelled by a client";
  CHECK(words(f) == list{"running", "asked_to_stop", "budget"});
}

TEST_CASE("a finished job says how it ended") {
  auto f = free_job();
  f.row.state = job_state::buried;
  f.row.reason = "failed 3 times: exit code 1";
  CHECK(words(f) == list{"buried", "can_be_kicked"});
  CHECK(text(f, "buried") == "it is buried: failed 3 times: exit code 1");
  f.row.state = job_state::succeeded;
  f.row.reason.clear();
  CHECK(text(f, "succeeded") == "it succeeded");
}
