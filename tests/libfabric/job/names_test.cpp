#include "fabric/job/names.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace fabric;

TEST_CASE("a name is 1 to 64 letters, digits, underscores, dots and dashes", "[job]") {
  for (const auto* good : {"a", "Z", "0", "_", ".", "-", "check_sum-2.x"}) CHECK(is_name(good));
  CHECK(is_name(std::string(64, 'a')));
  CHECK_FALSE(is_name(std::string(65, 'a')));
  for (const auto* bad : {"", " ", "a b", "a/b", "a\n", "é", "a:b", "a@b", "[", "`", "{"}) {
    INFO(bad);
    CHECK_FALSE(is_name(bad));
  }
  CHECK_FALSE(is_name(std::string_view("a\0b", 3)));
}

TEST_CASE("exactly 65 of the 256 byte values may stand in a name", "[job]") {
  int allowed = 0;
  for (int c = 0; c < 256; ++c) allowed += is_name(std::string(1, static_cast<char>(c))) ? 1 : 0;
  CHECK(allowed == 26 + 26 + 10 + 3);
}

TEST_CASE("printable text has no control characters", "[job]") {
  CHECK(is_printable(""));
  CHECK(is_printable("a ~ é €"));
  for (const std::string_view bad : {std::string_view("\0", 1), std::string_view("a\nb"), std::string_view("\x1b[31m"),
                                     std::string_view("\x7f"), std::string_view("\t")})
    CHECK_FALSE(is_printable(bad));
}
