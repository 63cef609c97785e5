#include "nodes/cli/text/table.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric::cli;

namespace {

const style plain{false};

table two_columns() {
  table out({{"N", true, 0}, {"NAME", false, 0}});
  out.add({{"1"}, {"one"}});
  out.add({{"12345"}, {"x"}});
  return out;
}

} // namespace

TEST_CASE("columns are as wide as their widest cell, numbers to the right", "[cli][table]") {
  CHECK(two_columns().render(plain) == "    N  NAME\n    1  one\n12345  x\n");
}

TEST_CASE("a line has no spaces at its end, even if its last cells are empty", "[cli][table]") {
  table t({{"A", false, 0}, {"B", false, 0}, {"C", true, 0}});
  t.add({{"long cell"}, {}, {}});
  t.add({{"x"}, {}, {"7"}});
  CHECK(t.render(plain) == "A          B  C\nlong cell\nx             7\n");
}

TEST_CASE("a table without rows has its titles only", "[cli][table]") {
  const table t({{"A", false, 0}, {"B", true, 0}});
  CHECK(t.empty());
  CHECK(t.render(plain) == "A  B\n");
}

TEST_CASE("a cell cannot write escape sequences or lines of its own", "[cli][table]") {
  table t({{"A", false, 0}});
  t.add({{"x\x1b[2J\ny"}});
  CHECK(t.render(plain) == "A\nx\\x1b[2J\\ny\n");
}

TEST_CASE("a cell over its column's limit is cut", "[cli][table]") {
  table t({{"A", false, 4}, {"B", false, 0}});
  t.add({{"abcdef"}, {"b"}});
  CHECK(t.render(plain) == "A     B\nabc…  b\n");
}

TEST_CASE("the last column is cut to the terminal", "[cli][table]") {
  table t({{"A", false, 0}, {"B", false, 0}});
  t.add({{"aa"}, {"0123456789abcdef"}});
  CHECK(t.render(plain, 14) == "A   B\naa  012345678…\n");
  CHECK(t.render(plain, 20) == "A   B\naa  0123456789abcdef\n");
}

TEST_CASE("a terminal too narrow for the table lets it wrap", "[cli][table]") {
  table t({{"A", false, 0}, {"B", false, 0}});
  t.add({{"aaaaaaaaaa"}, {"0123456789abcdef"}});
  CHECK(t.render(plain, 12) == "A           B\naaaaaaaaaa  0123456789abcdef\n");
}

TEST_CASE("colours do not disturb the alignment", "[cli][table]") {
  table t({{"A", false, 0}, {"B", false, 0}});
  t.add({{"x", colour::red}, {"y"}});
  t.add({{"long"}, {"z"}});
  CHECK(t.render(style{true}) == "\x1b[1mA\x1b[0m     \x1b[1mB\x1b[0m\n\x1b[31mx\x1b[0m     y\nlong  z\n");
}

TEST_CASE("characters count as one column however many bytes they have", "[cli][table]") {
  table t({{"A", false, 0}, {"B", false, 0}});
  t.add({{"Zoë"}, {"1"}});
  t.add({{"abc"}, {"2"}});
  CHECK(t.render(plain) == "A    B\nZoë  1\nabc  2\n");
}

TEST_CASE("colours only on a terminal that wants them", "[cli][style]") {
  CHECK(wants_colour(true, nullptr, "xterm"));
  CHECK(wants_colour(true, nullptr, nullptr));
  CHECK(wants_colour(true, "", "xterm"));
  CHECK_FALSE(wants_colour(true, "1", "xterm"));
  CHECK_FALSE(wants_colour(true, nullptr, "dumb"));
  CHECK_FALSE(wants_colour(false, nullptr, "xterm"));
}
