#include "tests/system/runner/harness.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

using namespace harness;

TEST_CASE("a job that exits 0 succeeds with its result", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  CHECK(c.greeting().held.empty());
  auto o = shell(1, R"(cat > "$FABRIC_RESULT"; echo "$FABRIC_JOB_ID $FABRIC_ATTEMPT $FABRIC_FENCE $FABRIC_CLASS )"
                    R"($FABRIC_LANE $FABRIC_NODE_NAME"; cat "$FABRIC_INPUT" >&2)");
  o.input = R"({"b":[1,2],"a":"x"})";
  c.send(o);
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::succeeded);
  CHECK(e.end.result == R"({"a":"x","b":[1,2]})");
  CHECK(e.end.started);
  CHECK(e.end.reason.empty());
  CHECK(e.end.run_time.count() > 0);
  CHECK(e.job == 1001);
  CHECK(e.attempt == 1);
  CHECK(e.lane == "fast");
  CHECK(slurp(r.file(1001, "stdout")) == "1001 1 1 test fast a1\n");
  CHECK(slurp(r.file(1001, "stderr")) == o.input);
  CHECK_FALSE(std::filesystem::exists(r.file(1001, "report.json")));
}

TEST_CASE("a job without a result file succeeds with null", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  c.send(order(1, {"/bin/true"}));
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::succeeded);
  CHECK(e.end.result == "null");
}

TEST_CASE("an exit code, a crash, a bad result and a checkpoint are told apart", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  const auto expect = [&](fence_t fence, const run& o, outcome how, const std::string& reason) {
    c.send(o);
    const auto e = c.ended(fence);
    CHECK(e.end.how == how);
    CHECK(e.end.reason.rfind(reason, 0) == 0);
    CHECK_FALSE(e.end.result.has_value());
    const auto report = nlohmann::json::parse(e.end.report);
    CHECK(report["cause"] == to_string(how));
    CHECK(slurp(r.file(o.job, "report.json")) == e.end.report);
    return report;
  };
  CHECK(expect(1, sail(1, {"exit", "3"}), outcome::failed, "exit code 3")["exit_code"] == 3);
  CHECK(expect(2, sail(2, {"crash", "9"}), outcome::crashed, "killed by SIGKILL")["signal"] == 9);
  expect(3, sail(3, {"half-result"}), outcome::failed, "bad_result");
  CHECK_FALSE(slurp(r.file(1003, "result.json")).empty());
  expect(4, sail(4, {"exit", "85"}), outcome::checkpointed, "saved");
  const auto report =
      expect(5, shell(5, "for i in $(seq 30); do echo line $i >&2; done; exit 1"), outcome::failed, "exit code 1");
  CHECK(report["stderr"]["tail"].get<std::string>().rfind("line 11\n", 0) == 0);
}

TEST_CASE("the sailor reads its mode from the input", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  auto o = sail(1, {});
  o.input = R"({"mode": "exit", "code": 7})";
  c.send(o);
  CHECK(c.ended(1).end.reason == "exit code 7");
}

TEST_CASE("a command that cannot be executed fails with the reason and never started", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  const auto expect = [&](run o, const std::string& reason) {
    c.send(o);
    const auto e = c.ended(o.fence);
    CHECK(e.end.how == outcome::failed);
    CHECK_FALSE(e.end.started);
    CHECK(e.end.reason == reason);
  };
  expect(order(1, {"/no/such/program"}), "cannot execute /no/such/program: No such file or directory");
  expect(order(2, {"/etc/passwd"}), "cannot execute /etc/passwd: Permission denied");
  auto lost = order(3, {"/bin/true"});
  lost.cwd = "/no/such/place";
  expect(lost, "cannot enter /no/such/place: No such file or directory");
  expect(order(4, {"relative"}), "the command is not an absolute path");
  expect(order(5, {}), "the command is not an absolute path");
  c.send(order(6, {"/bin/true"}));
  CHECK(c.ended(6).end.how == outcome::succeeded);
}

TEST_CASE("a job outstaying its wall time is stopped, then killed", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  auto o = sail(1, {"spin"});
  o.wall_us = 100'000;
  c.send(o);
  auto stubborn = sail(2, {"ignore-term"});
  stubborn.wall_us = 100'000;
  stubborn.grace_us = 200'000;
  c.send(stubborn);
  for (const fence_t fence : {1, 2}) {
    const auto e = c.ended(fence);
    CHECK(e.end.how == outcome::timed_out);
    CHECK(e.stopped == stop_reason::wall);
    CHECK(e.end.run_time.count() >= 100'000);
  }
}

TEST_CASE("a stop is a soft signal first", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  c.send(
      shell(1, R"(trap 'echo "\"saved\"" > "$FABRIC_RESULT"; exit 0' TERM; echo ready; while :; do sleep 0.05; done)"));
  c.started(1);
  REQUIRE(eventually([&] { return slurp(r.file(1001, "stdout")) == "ready\n"; }));
  c.send(stop{1, stop_reason::budget, 60'000'000});
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::succeeded);
  CHECK(e.end.result == "\"saved\"");
  CHECK(e.stopped == stop_reason::budget);
}

TEST_CASE("a stop that is ignored ends in a kill, and its reason decides", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  const std::pair<stop_reason, outcome> all[] = {{stop_reason::budget, outcome::demoted},
                                                 {stop_reason::cancel, outcome::cancelled},
                                                 {stop_reason::drain, outcome::drained},
                                                 {stop_reason::unknown, outcome::lost}};
  fence_t fence = 0;
  for (const auto& [why, how] : all) {
    ++fence;
    c.send(sail(fence, {"ignore-term"}));
    c.started(fence);
    REQUIRE(eventually([&] { return slurp(r.file(1000 + fence, "stdout")) == "ignoring\n"; }));
    c.send(stop{fence, why, 100'000});
    CHECK(c.ended(fence).end.how == how);
  }
}

TEST_CASE("an output flood is cut in the middle", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  auto o = sail(1, {"flood", "--limit", "50000000"});
  o.output_max = 1'000'000;
  c.send(o);
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::succeeded);
  for (const char* name : {"stdout", "stderr"}) {
    struct stat info {};
    REQUIRE(::stat(r.file(1001, name).c_str(), &info) == 0);
    CHECK(info.st_size == 50'000'000);
    CHECK(info.st_blocks * 512 < 1'000'000 + 64 * 1024);
    CHECK(info.st_blocks * 512 > 900'000);
  }
}

TEST_CASE("a job starts in a clean process of its own", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  auto o = shell(1, "cat /proc/self/status; echo fds; ls /proc/self/fd; echo core; ulimit -c; echo mask; umask; "
                    "echo session; cut -d' ' -f5,6 /proc/$$/stat; echo $$; env | cut -d= -f1 | sort");
  o.env = {{"LANG", "C"}, {"FABRIC_FENCE", "forged"}};
  c.send(o);
  REQUIRE(c.ended(1).end.how == outcome::succeeded);
  const auto out = slurp(r.file(1001, "stdout"));
  const auto line = [&](const std::string& name) {
    const auto at = out.find("\n" + name) + 1;
    return out.substr(at, out.find('\n', at) - at);
  };
  CHECK(line("NoNewPrivs") == "NoNewPrivs:\t1");
  for (const char* name : {"SigBlk", "SigIgn"}) CHECK(line(name) == std::string(name) + ":\t0000000000000000");
  CHECK(out.find("\nfds\n0\n1\n2\n3\n4\ncore\n0\nmask\n0022\n") != std::string::npos); // 3: progress, 4: of ls itself.
  const auto pid = out.substr(out.find("session\n") + 8);
  const auto number = pid.substr(0, pid.find(' '));
  CHECK(pid.rfind(number + " " + number + "\n" + number + "\n", 0) == 0);
  std::string names;
  for (const char* name :
       {"FABRIC_ATTEMPT", "FABRIC_CHECKPOINT_DIR", "FABRIC_CLASS", "FABRIC_FENCE", "FABRIC_INPUT", "FABRIC_JOB_ID",
        "FABRIC_LANE", "FABRIC_NODE_NAME", "FABRIC_PROGRESS_FD", "FABRIC_RESULT", "LANG", "PWD"})
    names += std::string(name) + "\n";
  CHECK(out.ends_with(names));
}

TEST_CASE("a class's user owns its attempt and its checkpoints", "[runner]") {
  if (::geteuid() != 0) SKIP("only root can become somebody else");
  runner_under_test r;
  auto c = r.connect();
  std::filesystem::permissions(r.directory, std::filesystem::perms(0711)); // As fabricd's data directory then is.
  auto o = shell(1, R"(id -un; cat "$FABRIC_INPUT"; echo; echo kept > "$FABRIC_CHECKPOINT_DIR/state" && )"
                    R"(echo '"mine"' > "$FABRIC_RESULT")");
  o.user = "nobody";
  o.input = "{}";
  c.send(o);
  const auto e = c.ended(1);
  CHECK(e.end.how == outcome::succeeded);
  CHECK(e.end.result == "\"mine\"");
  CHECK(slurp(r.file(1001, "stdout")) == "nobody\n{}\n");
  CHECK(slurp(r.spool() + "/checkpoints/1001/state") == "kept\n");
}
