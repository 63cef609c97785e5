#include "fabric/time_text.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;

TEST_CASE("an instant is written as RFC 3339 with milliseconds", "[text]") {
  using std::chrono::sys_days, std::chrono::year;
  constexpr time_point t = sys_days{year{2026} / 1 / 2} + 3h + 4min + 5s + 678ms;
  CHECK(format_time(t) == "2026-01-02T03:04:05.678Z");
  CHECK(format_time(t + 999us) == "2026-01-02T03:04:05.678Z");
  CHECK(format_time(no_time) == "1970-01-01T00:00:00.000Z");
  CHECK(format_time(no_time - 1us) == "1969-12-31T23:59:59.999Z");
  CHECK(format_time(sys_days{year{2024} / 2 / 29} + 23h) == "2024-02-29T23:00:00.000Z");
}

TEST_CASE("instants beyond what RFC 3339 can say are written as its ends", "[text]") {
  CHECK(format_time(time_point::max()) == "9999-12-31T23:59:59.999Z");
  CHECK(format_time(time_point::min()) == "0001-01-01T00:00:00.000Z");
}
