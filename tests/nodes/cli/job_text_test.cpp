#include "nodes/cli/text/job_text.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::cli;

namespace {

constexpr time_point t0{500'000h};
const style plain{false};

job some_job(job_state state) {
  job j;
  j.id = 42;
  j.job_class = "checksum";
  j.lane = "fast";
  j.state = state;
  j.submitted_at = t0;
  return j;
}

actors::lane_reports fast_lane(std::uint32_t busy, std::uint32_t slots, std::uint64_t ready) {
  actors::lane_reports all;
  actors::lane_report one;
  one.now.name = "fast";
  one.now.serving = true;
  one.now.busy = busy;
  one.now.slots = slots;
  one.now.ready = ready;
  one.now.oldest_wait = 12s;
  all.lanes.push_back(one);
  return all;
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("a job table has a row per job with its age and reason", "[cli][jobs]") {
  auto j = some_job(job_state::buried);
  j.attempt = 3;
  j.reason = "exit status 1";
  const std::vector<job> all{j};
  CHECK(job_table(all, t0 + 2min).render(plain) ==
        "ID  STATE   CLASS     LANE  TRIES  PRIO  SUBMITTED  OWNER  REASON\n"
        "42  buried  checksum  fast      3  1024  2 min ago         exit status 1\n");
}

TEST_CASE("a scheduled job says when it is due", "[cli][jobs]") {
  auto j = some_job(job_state::scheduled);
  j.run_at = t0 + 10s;
  CHECK(why(j, nullptr, t0) == "due in 10.0 s, as submitted");
  j.attempt = 1;
  CHECK(why(j, nullptr, t0 + 11s) == "due now, after a failure");
}

TEST_CASE("a ready job says what its lane is doing", "[cli][jobs]") {
  const auto j = some_job(job_state::ready);
  const auto full = fast_lane(3, 3, 14);
  CHECK(why(j, &full, t0) == "waits for a slot of lane fast: 3 of 3 busy, 14 ready, the oldest for 12.0 s");
  const auto none = fast_lane(0, 0, 1);
  CHECK(why(j, &none, t0) == "no worker offers a slot of lane fast");
  auto away = fast_lane(0, 1, 1);
  away.lanes[0].now.serving = false;
  CHECK(why(j, &away, t0) == "lane fast is not served at this moment");
  CHECK(why(j, nullptr, t0) == "waits for a slot of lane fast");
}

TEST_CASE("a running job says whether it was asked to stop; a final one needs no reason", "[cli][jobs]") {
  auto j = some_job(job_state::running);
  j.attempt = 2;
  CHECK(why(j, nullptr, t0) == "attempt 2 runs");
  j.cancel_requested = true;
  CHECK(why(j, nullptr, t0) == "attempt 2 runs and was asked to stop");
  CHECK(why(some_job(job_state::succeeded), nullptr, t0).empty());
}

TEST_CASE("the line of a job that ended says how and how long it took", "[cli][jobs]") {
  auto j = some_job(job_state::succeeded);
  j.attempt = 1;
  j.finished_at = t0 + 3200ms;
  j.reason = "left over from a failed attempt";
  CHECK(ended_line(j, plain) == "42  succeeded  checksum  fast  1 attempt, 3.2 s");
  j.state = job_state::buried;
  j.attempt = 3;
  j.reason = "exit\x1b[2J status 1";
  CHECK(ended_line(j, plain) == "42  buried  checksum  fast  3 attempts, 3.2 s  exit\\x1b[2J status 1");
}

TEST_CASE("the page of a job shows its attempts, input, result and report", "[cli][jobs]") {
  actors::job_details all;
  all.row = some_job(job_state::buried);
  all.row.attempt = 1;
  all.row.finished_at = t0 + 5s;
  all.row.reason = "exit status 7";
  all.row.labels = {{"team", "a"}};
  all.input = R"({"path":"/etc/hosts"})";
  attempt a;
  a.number = 1;
  a.lane = "fast";
  a.node = "a1";
  a.leased_at = t0;
  a.started_at = t0 + 20ms;
  a.ended_at = t0 + 5s;
  a.run_time = 4900ms;
  a.ended_as = outcome::failed;
  a.report = R"({"cause":"exit","status":7,"stderr":"no\nsuch"})";
  all.attempts = {a};
  const auto text = job_page_text(all, nullptr, plain, t0 + 1min);
  CHECK(text.starts_with("job 42  buried\n"));
  CHECK(mentions(text, "  reason        exit status 7\n"));
  CHECK(mentions(text, "  labels        team=a\n"));
  CHECK(mentions(text, "  input         {\"path\":\"/etc/hosts\"}\n"));
  CHECK(mentions(text, "  took          5.0 s\n"));
  CHECK(mentions(text, "failed   fast  a1"));
  CHECK(mentions(text, "4.9 s\n"));
  CHECK(mentions(text, "report on attempt 1\n  cause: exit\n"));
  CHECK(mentions(text, "  stderr: no\\nsuch\n"));
}

TEST_CASE("a waiting job says for which key, and where it stands", "[cli][jobs]") {
  actors::job_details all;
  all.row = some_job(job_state::waiting);
  all.row.ordering_key = "build\x1b-42";
  all.row.idempotency_key = "once";
  CHECK(mentions(job_page_text(all, nullptr, plain, t0),
                 "  why           waits for earlier jobs of key build\\x1b-42\n"));
  all.line = key_line{17, job_state::running, 1234};
  const auto text = job_page_text(all, nullptr, plain, t0);
  CHECK(mentions(
      text, "  why           waits for earlier jobs of key build\\x1b-42: 1,234 before it, first job 17 (running)\n"));
  CHECK(mentions(text, "  ordering key  build\\x1b-42\n"));
  CHECK(mentions(text, "  idempotency   once\n"));
  const std::vector<job> rows{all.row};
  CHECK(mentions(job_table(rows, t0).render(plain), "waits for earlier jobs of key build\\x1b-42"));
}

TEST_CASE("a damaged report is shown as it is, harmlessly", "[cli][jobs]") {
  actors::job_details all;
  all.row = some_job(job_state::buried);
  attempt a;
  a.number = 1;
  a.report = "\x1b[2J{half";
  all.attempts = {a};
  CHECK(mentions(job_page_text(all, nullptr, plain, t0), "  \\x1b[2J{half\n"));
}

TEST_CASE("long inputs are cut", "[cli][jobs]") {
  actors::job_details all;
  all.row = some_job(job_state::ready);
  all.input = std::string(100'000, 'x');
  const auto text = job_page_text(all, nullptr, plain, t0);
  CHECK(text.size() < 1500);
  CHECK(mentions(text, "x…\n"));
}
