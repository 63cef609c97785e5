#include "nodes/cli/text/human.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace fabric;
using namespace fabric::cli;

namespace {

constexpr time_point t0{1000h};

} // namespace

TEST_CASE("durations have one or two units", "[cli][human]") {
  CHECK(human_duration(0s) == "-");
  CHECK(human_duration(-5s) == "-");
  CHECK(human_duration(300us) == "<1 ms");
  CHECK(human_duration(12ms) == "12 ms");
  CHECK(human_duration(999'999us) == "999 ms");
  CHECK(human_duration(3200ms) == "3.2 s");
  CHECK(human_duration(59'999ms) == "59.9 s"); // Never "60.0 s".
  CHECK(human_duration(60s) == "1 min");
  CHECK(human_duration(250s) == "4 min 10 s");
  CHECK(human_duration(3h + 20min + 59s) == "3 h 20 min");
  CHECK(human_duration(53h) == "2 d 5 h");
  CHECK(human_duration(duration::max()).ends_with(" h"));
}

TEST_CASE("ages have one unit", "[cli][human]") {
  CHECK(human_age(t0, t0) == "now");
  CHECK(human_age(t0, t0 + 59s) == "59 s ago");
  CHECK(human_age(t0, t0 + 2min + 40s) == "2 min ago");
  CHECK(human_age(t0, t0 + 47h) == "47 h ago");
  CHECK(human_age(t0, t0 + 49h) == "2 d ago");
}

TEST_CASE("an instant that lies ahead by a skewed clock is now", "[cli][human]") {
  CHECK(human_age(t0 + 5s, t0) == "now");
  CHECK(human_until(t0 - 5s, t0) == "now");
}

TEST_CASE("an instant that never was has no age", "[cli][human]") { CHECK(human_age(no_time, t0) == "-"); }

TEST_CASE("what is to come says in how long", "[cli][human]") {
  CHECK(human_until(t0 + 3200ms, t0) == "in 3.2 s");
  CHECK(human_until(t0, t0) == "now");
}

TEST_CASE("thousands are separated", "[cli][human]") {
  CHECK(human_count(0) == "0");
  CHECK(human_count(999) == "999");
  CHECK(human_count(1000) == "1,000");
  CHECK(human_count(1234567) == "1,234,567");
  CHECK(human_count(std::numeric_limits<std::uint64_t>::max()) == "18,446,744,073,709,551,615");
}

TEST_CASE("sizes are in their largest unit", "[cli][human]") {
  CHECK(human_bytes(0) == "0 B");
  CHECK(human_bytes(1023) == "1023 B");
  CHECK(human_bytes(300u << 20) == "300 MiB");
  CHECK(human_bytes(3u << 29) == "1.5 GiB");
  CHECK(human_bytes(1000ull << 30) == "1000 GiB");
}
