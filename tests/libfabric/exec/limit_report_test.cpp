#include "fabric/exec/limit_report.hpp"

#include <catch2/catch_test_macros.hpp>

#include <signal.h>

#include <algorithm>

using namespace fabric;
using namespace fabric::exec;

namespace {

constexpr std::uint64_t mib = 1u << 20;

limit_case every_limit() {
  limit_case c;
  c.limits = {64 * mib, 1'000'000, 10, 16, mib, 512 * mib};
  c.wall_us = 60'000'000;
  c.output_max = 4096;
  c.seen.memory = 80 * mib + 5;
  c.seen.cpu_us = 1'200'000;
  c.seen.processes = 11;
  c.ran_us = 2'000'000;
  c.output = 7;
  c.stall_us = 30'000'000;
  c.silence_us = 5'000'000;
  return c;
}

limit_row row(const limit_case& c, const std::string& name) {
  const auto rows = limit_rows(c);
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.name == name; });
  REQUIRE(found != rows.end());
  return *found;
}

} // namespace

TEST_CASE("only limits in force are reported", "[limits]") {
  CHECK(limit_rows({}).empty());
  CHECK(limit_rows(every_limit()).size() == 9);
}

TEST_CASE("a limit is reported with how it is kept and the most that was seen", "[limits]") {
  auto c = every_limit();
  CHECK(row(c, "memory").how == enforced_by::sampling);
  CHECK(row(c, "memory").measured == 80 * mib + 5);
  CHECK(row(c, "cpu").measured == 1'200'000);
  CHECK(row(c, "processes").measured == 11);
  CHECK(row(c, "wall").how == enforced_by::timer);
  CHECK(row(c, "output").how == enforced_by::cutting);
  for (const char* name : {"files", "file_size", "address_space"}) {
    CHECK(row(c, name).how == enforced_by::rlimit);
    CHECK_FALSE(row(c, name).measured);
  }
  c.seen.memory_by = enforced_by::cgroup;
  CHECK(to_string(row(c, "memory").how) == "cgroup");
}

TEST_CASE("the limit that ended an attempt is named with what was measured", "[limits]") {
  auto c = every_limit();
  c.stopped = stop_reason::memory;
  CHECK(row(c, "memory").exceeded);
  CHECK_FALSE(row(c, "processes").exceeded);
  CHECK(explain_limits({outcome::memory_exceeded, "killed"}, c) ==
        verdict{outcome::memory_exceeded, "killed: limits.memory is 64MiB, 80MiB were measured (sampled)"});
  c.stopped = stop_reason::processes;
  CHECK(explain_limits({outcome::failed, "killed"}, c).reason ==
        "killed: limits.processes is 10, 11 were measured (sampled)");
  c.stopped = stop_reason::cpu;
  CHECK(explain_limits({outcome::timed_out, "stopped"}, c).reason ==
        "stopped: limits.cpu is 1s, 1200ms were measured (sampled)");
}

TEST_CASE("one that stalled is told how long ago it said something, if it ever did", "[limits]") {
  auto c = every_limit();
  CHECK(row(c, "stall_timeout").measured == 5'000'000);
  CHECK_FALSE(row(c, "stall_timeout").exceeded);
  c.stopped = stop_reason::stall;
  c.silence_us = 30'012'345;
  CHECK(explain_limits({outcome::timed_out, "stopped: no progress"}, c).reason ==
        "stopped: no progress: limits.stall_timeout is 30s, none since the start 30012ms ago");
  c.was_alive = true;
  CHECK(explain_limits({outcome::timed_out, "stopped: no progress"}, c).reason ==
        "stopped: no progress: limits.stall_timeout is 30s, the last was 30012ms ago");
}

TEST_CASE("a signal of the kernel's names the limit that it is for", "[limits]") {
  auto c = every_limit();
  c.wait_status = SIGXFSZ;
  CHECK(explain_limits({outcome::crashed, "killed by SIGXFSZ"}, c) ==
        verdict{outcome::crashed, "killed by SIGXFSZ: limits.file_size is 1MiB (rlimit)"});
  c.wait_status = (128 + SIGXFSZ) << 8; // What a shell says of its last command.
  CHECK(explain_limits({outcome::failed, "exit code 153"}, c).reason ==
        "exit code 153: limits.file_size is 1MiB (rlimit)");
  c.wait_status = SIGXCPU;
  CHECK(explain_limits({outcome::crashed, "killed by SIGXCPU"}, c).how == outcome::timed_out);
}

TEST_CASE("without the limit a signal is only a signal", "[limits]") {
  limit_case c;
  for (const int signal : {SIGXFSZ, SIGXCPU, SIGKILL}) {
    c.wait_status = signal;
    CHECK(explain_limits({outcome::crashed, "killed"}, c) == verdict{outcome::crashed, "killed"});
  }
}

TEST_CASE("a job that succeeded needs no explanation", "[limits]") {
  auto c = every_limit();
  c.stopped = stop_reason::cpu;
  CHECK(explain_limits({outcome::succeeded, ""}, c) == verdict{outcome::succeeded, ""});
}
