#include "nodes/cli/text/line_splitter.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace fabric::cli;

namespace {

struct collected {
  std::vector<numbered_line> lines;
  auto sink() {
    return [this](numbered_line&& line) { lines.push_back(std::move(line)); };
  }
};

std::vector<std::string> texts(const collected& all) {
  std::vector<std::string> out;
  for (const auto& l : all.lines) out.push_back(std::to_string(l.number) + (l.too_long ? "!" : ":") + l.text);
  return out;
}

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("lines are the same however the bytes come", "[cli][lines]") {
  const std::string text = "one\r\n\n  \t\ntwo\nthree";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    INFO("pieces of " << size);
    line_splitter lines(100);
    collected got;
    for (std::size_t at = 0; at < text.size(); at += size)
      lines.feed(std::string_view(text).substr(at, size), got.sink());
    lines.finish(got.sink());
    CHECK(texts(got) == strings{"1:one", "4:two", "5:three"});
  }
}

TEST_CASE("a line over the limit is named without its text, and the next one is whole", "[cli][lines]") {
  for (std::size_t size : {1, 3, 100}) {
    INFO("pieces of " << size);
    const std::string text = "12345\n123456\n1234567890123\nok\n";
    line_splitter lines(5);
    collected got;
    for (std::size_t at = 0; at < text.size(); at += size)
      lines.feed(std::string_view(text).substr(at, size), got.sink());
    lines.finish(got.sink());
    CHECK(texts(got) == strings{"1:12345", "2!", "3!", "4:ok"});
  }
}

TEST_CASE("a line end does not count against the limit", "[cli][lines]") {
  line_splitter lines(5);
  collected got;
  lines.feed("12345\r\n", got.sink());
  CHECK(texts(got) == strings{"1:12345"});
}

TEST_CASE("nothing follows a last line end", "[cli][lines]") {
  line_splitter lines(5);
  collected got;
  lines.feed("a\n", got.sink());
  lines.finish(got.sink());
  CHECK(got.lines.size() == 1);
}

TEST_CASE("a too long last line without a line end is told", "[cli][lines]") {
  line_splitter lines(2);
  collected got;
  lines.feed("abcdef", got.sink());
  lines.finish(got.sink());
  CHECK(texts(got) == strings{"1!"});
}

TEST_CASE("a zero byte is part of a line", "[cli][lines]") {
  line_splitter lines(10);
  collected got;
  lines.feed(std::string_view("a\0b\n", 4), got.sink());
  REQUIRE(got.lines.size() == 1);
  CHECK(got.lines[0].text.size() == 3);
}
