#include "fabric/bytes_text.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;

TEST_CASE("a size is a whole number and at most one unit", "[text]") {
  CHECK(parse_bytes("100") == 100u);
  CHECK(parse_bytes("100B") == 100u);
  CHECK(parse_bytes("64KiB") == 65536u);
  CHECK(parse_bytes("64MiB") == 64ull << 20);
  CHECK(parse_bytes("1GiB") == 1ull << 30);
  CHECK(parse_bytes("2TiB") == 2ull << 40);
  CHECK(parse_bytes("0") == 0u);
}

TEST_CASE("anything else is no size", "[text]") {
  for (const auto* bad : {"", "B", "MiB", "-1", "+1", " 1", "1 ", "1 MiB", "1.5GiB", "1MB", "1M", "1mib", "1KiBx",
                          "0x1", "99999999999999999999", "9007199254740992", "8192TiB", "18446744073709551615KiB"}) {
    INFO(bad);
    const auto parsed = parse_bytes(bad);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == errc::bad_input);
  }
  CHECK(parse_bytes("9007199254740991") == largest_size);
}

TEST_CASE("a size is written in the largest unit that keeps it whole and read back equal", "[text]") {
  CHECK(format_bytes(0) == "0B");
  CHECK(format_bytes(1000) == "1000B");
  CHECK(format_bytes(1025) == "1025B");
  CHECK(format_bytes(64ull << 20) == "64MiB");
  CHECK(format_bytes(1536ull << 20) == "1536MiB");
  CHECK(format_bytes(3ull << 40) == "3TiB");
  for (const std::uint64_t size : {0ull, 1ull, 1023ull, 1ull << 10, 7ull << 30, 5ull << 40, (1ull << 53) - 1})
    CHECK(parse_bytes(format_bytes(size)) == size);
}
