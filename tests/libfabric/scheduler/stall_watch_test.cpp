#include "fabric/scheduler/stall_watch.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::scheduler;

namespace {

constexpr time_point begin{std::chrono::hours{1}};

lane::status serving() {
  lane::status s;
  s.serving = true;
  return s;
}

struct bench {
  stall_watch watch{30s};
  duration t{};

  /// Observed every 10 s; how often there was an alarm.
  int alarms(const std::optional<lane::status>& said, int times) {
    int n = 0;
    for (int i = 0; i < times; ++i, t += 10s) n += watch.observe("fast", said, begin + t).has_value() ? 1 : 0;
    return n;
  }
};

} // namespace

TEST_CASE("a ready job beside a free slot is an alarm after the limit, once") {
  bench b;
  auto s = serving();
  s.startable = true;
  CHECK(b.alarms(s, 3) == 0);
  const auto said = b.watch.observe("fast", s, begin + 30s);
  CHECK(said == "lane fast has started nothing for 30s: a ready job and a free slot that could run it stay apart");
  b.t = 40s;
  CHECK(b.alarms(s, 20) == 0);
  CHECK(b.alarms(serving(), 1) == 0);
  CHECK(b.alarms(s, 4) == 1); // A new stall.
}

TEST_CASE("a lane that grants leases in between does not stall, however it is met") {
  bench b;
  auto s = serving();
  s.leasing = 3;
  for (int i = 0; i < 20; ++i) {
    ++s.granted;
    CHECK(b.alarms(s, 1) == 0);
  }
  CHECK(b.alarms(s, 5) == 1);
}

TEST_CASE("a lane that does not answer or serve is an alarm, one that is paused or idle is none") {
  CHECK(bench{}.alarms(std::nullopt, 4) == 1);
  CHECK(bench{}.alarms(lane::status{}, 4) == 1);
  CHECK(bench{}.alarms(serving(), 20) == 0);
  auto paused = serving();
  paused.startable = true;
  paused.pause = lane_pause{begin, no_time, "why"};
  CHECK(bench{}.alarms(paused, 20) == 0);
}

TEST_CASE("each lane stalls for itself") {
  stall_watch watch{30s};
  CHECK_FALSE(watch.observe("fast", std::nullopt, begin));
  CHECK_FALSE(watch.observe("slow", serving(), begin));
  CHECK_FALSE(watch.observe("slow", std::nullopt, begin + 20s));
  CHECK(watch.observe("fast", std::nullopt, begin + 40s));
  CHECK_FALSE(watch.observe("slow", std::nullopt, begin + 40s));
}
