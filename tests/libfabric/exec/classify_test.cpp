#include "fabric/exec/classify.hpp"

#include <catch2/catch_test_macros.hpp>

#include <signal.h>

using namespace fabric;
using namespace fabric::exec;

namespace {
constexpr int exited(int code) { return code << 8; }
constexpr int killed(int by) { return by; }
constexpr stop_reason stops[] = {stop_reason::budget,    stop_reason::cancel,  stop_reason::drain,
                                 stop_reason::lease,     stop_reason::unknown, stop_reason::wall,
                                 stop_reason::abandoned, stop_reason::memory,  stop_reason::cpu,
                                 stop_reason::processes, stop_reason::stall};
} // namespace

TEST_CASE("exit 0 with a valid result or none succeeds whatever stop was under way", "[exec]") {
  CHECK(classify({"", exited(0), stop_reason::none, ""}) == verdict{outcome::succeeded, ""});
  for (const auto why : stops) CHECK(classify({"", exited(0), why, ""}).how == outcome::succeeded);
}

TEST_CASE("a bad result is a failure unless a stop had cut the job short", "[exec]") {
  const auto v = classify({"", exited(0), stop_reason::none, "it is over 1 MiB"});
  CHECK(v == verdict{outcome::failed, "bad_result: it is over 1 MiB"});
  CHECK(classify({"", exited(0), stop_reason::budget, "x"}).how == outcome::demoted);
}

TEST_CASE("a stop decides over exit codes and signals", "[exec]") {
  const outcome expected[] = {outcome::demoted,   outcome::cancelled, outcome::drained,  outcome::lost,
                              outcome::lost,      outcome::timed_out, outcome::lost,     outcome::memory_exceeded,
                              outcome::timed_out, outcome::failed,    outcome::timed_out};
  for (std::size_t i = 0; i < std::size(stops); ++i)
    for (const int status : {exited(1), exited(85), exited(143), killed(SIGTERM), killed(SIGKILL), killed(SIGSEGV)}) {
      const auto v = classify({"", status, stops[i], ""});
      CHECK(v.how == expected[i]);
      CHECK_FALSE(v.reason.empty());
    }
}

TEST_CASE("without a stop the wait status decides", "[exec]") {
  CHECK(classify({"", exited(85), stop_reason::none, ""}).how == outcome::checkpointed);
  CHECK(classify({"", exited(1), stop_reason::none, ""}) == verdict{outcome::failed, "exit code 1"});
  CHECK(classify({"", exited(255), stop_reason::none, ""}) == verdict{outcome::failed, "exit code 255"});
  CHECK(classify({"", killed(SIGSEGV), stop_reason::none, ""}) == verdict{outcome::crashed, "killed by SIGSEGV"});
  CHECK(classify({"", killed(SIGSEGV) | 0x80, stop_reason::none, ""}).how == outcome::crashed); // with a core
}

TEST_CASE("a command that could not be executed failed, and a stop changes nothing", "[exec]") {
  const verdict v{outcome::failed, "cannot execute /x: No such file or directory"};
  CHECK(classify({v.reason, 0, stop_reason::none, ""}) == v);
  CHECK(classify({v.reason, 0, stop_reason::drain, ""}) == v);
}
