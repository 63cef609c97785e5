#include "fabric/duration_text.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;

TEST_CASE("a duration is a whole number and one unit", "[text]") {
  CHECK(parse_duration("300ms") == 300ms);
  CHECK(parse_duration("60s") == 60s);
  CHECK(parse_duration("5m") == 5min);
  CHECK(parse_duration("2h") == 2h);
  CHECK(parse_duration("7d") == 168h);
  CHECK(parse_duration("0s") == 0s);
  CHECK(parse_duration("007s") == 7s);
}

TEST_CASE("anything else is no duration", "[text]") {
  for (const auto* bad : {"",
                          "5",
                          "s",
                          "ms",
                          "-5s",
                          "+5s",
                          " 5s",
                          "5s ",
                          "5 s",
                          "1.5s",
                          "1e3s",
                          "5S",
                          "5min",
                          "5us",
                          "1h30m",
                          "5sx",
                          "0x5s",
                          "٣s",
                          "99999999999999999999",
                          "99999999999999999999x"}) {
    INFO(bad);
    const auto parsed = parse_duration(bad);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == errc::bad_input);
  }
  CHECK(parse_duration(std::string(1000, 'x')).error().message.size() < 120);
}

TEST_CASE("ten years is the longest duration, in every unit", "[text]") {
  CHECK(parse_duration("3650d") == longest_duration);
  CHECK(parse_duration("87600h") == longest_duration);
  CHECK(parse_duration("315360000000ms") == longest_duration);
  for (const auto* bad : {"3651d", "87601h", "5256001m", "315360001s", "315360000001ms", "18446744073709551615d",
                          "99999999999999999999s"}) {
    INFO(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("a duration is written in the largest unit that keeps it whole", "[text]") {
  CHECK(format_duration(300s) == "5m");
  CHECK(format_duration(90s) == "90s");
  CHECK(format_duration(1500ms) == "1500ms");
  CHECK(format_duration(48h) == "2d");
  CHECK(format_duration(0s) == "0s");
  CHECK(format_duration(999us) == "0s");
  CHECK(format_duration(1'001'999us) == "1001ms");
  CHECK(format_duration(-5s) == "0s");
}

TEST_CASE("what was written is read back equal", "[text]") {
  for (const duration d : {duration{1ms}, duration{999ms}, duration{61s}, duration{25h}, longest_duration})
    CHECK(parse_duration(format_duration(d)) == d);
}
