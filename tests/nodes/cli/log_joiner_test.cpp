#include "nodes/cli/text/log_joiner.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric::cli;

namespace {

constexpr auto euro = "\xe2\x82\xac"; // €

} // namespace

TEST_CASE("what ends with a character is passed on at once", "[cli][logs]") {
  log_joiner j;
  const auto out = j.feed(7, 0, "abc", false);
  REQUIRE(out.size() == 1);
  CHECK((out[0].offset == 7 && out[0].skipped == 0 && out[0].text == "abc"));
  CHECK(j.feed(10, 0, "", false).empty());
}

TEST_CASE("a torn character waits for its rest", "[cli][logs]") {
  log_joiner j;
  const auto first = j.feed(0, 0, std::string("a") + std::string(euro, 2), false);
  REQUIRE(first.size() == 1);
  CHECK(first[0].text == "a");
  CHECK(j.feed(3, 0, "", false).empty());
  const auto rest = j.feed(3, 0, std::string(euro + 2) + "b", false);
  REQUIRE(rest.size() == 1);
  CHECK((rest[0].offset == 1 && rest[0].text == std::string(euro) + "b"));
}

TEST_CASE("a character whose rest was cut out is passed on as it is, before the cut", "[cli][logs]") {
  log_joiner j;
  CHECK(j.feed(0, 0, std::string(euro, 2), false).empty());
  const auto out = j.feed(100, 98, "end", false);
  REQUIRE(out.size() == 2);
  CHECK((out[0].offset == 0 && out[0].skipped == 0 && out[0].text == std::string(euro, 2)));
  CHECK((out[1].offset == 100 && out[1].skipped == 98 && out[1].text == "end"));
}

TEST_CASE("a cut is told even if only half a character follows it so far", "[cli][logs]") {
  log_joiner j;
  auto out = j.feed(100, 98, std::string(euro, 1), false);
  REQUIRE(out.size() == 1);
  CHECK((out[0].offset == 100 && out[0].skipped == 98 && out[0].text.empty()));
  out = j.feed(101, 0, std::string(euro + 1), false);
  REQUIRE(out.size() == 1);
  CHECK((out[0].offset == 100 && out[0].skipped == 0 && out[0].text == euro));
}

TEST_CASE("nothing is held back at the end", "[cli][logs]") {
  log_joiner j;
  j.feed(0, 0, std::string(euro, 2), false);
  const auto out = j.feed(2, 0, "", true);
  REQUIRE(out.size() == 1);
  CHECK((out[0].offset == 0 && out[0].text == std::string(euro, 2)));
  CHECK(j.feed(2, 0, "", true).empty());
}
