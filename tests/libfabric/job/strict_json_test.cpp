#include "fabric/job/strict_json.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace fabric;

namespace {

error refused(std::string_view text, json_limits limits = {}) {
  const auto value = parse_strict(text, limits);
  INFO(text.substr(0, 80));
  REQUIRE_FALSE(value);
  CHECK_FALSE(value.error().message.empty());
  CHECK(value.error().message.size() < 200);
  return value.error();
}

std::string nested(std::size_t depth, const std::string& open, const std::string& close, const std::string& core) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += core;
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

} // namespace

TEST_CASE("what is valid JSON is read as it stands", "[json]") {
  const auto value = parse_strict(R"( {"b":[1,-2,1.5,true,false,null,"x\u00e9\ud83d\ude00"],"a":{"":{}}} )");
  REQUIRE(value);
  CHECK(json_text(*value) == "{\"a\":{\"\":{}},\"b\":[1,-2,1.5,true,false,null,\"xé😀\"]}");
  for (const auto* text : {"null", "0", "\"\"", "[]", "{}", "18446744073709551615", "-9223372036854775808", "1e308",
                           "5e-324", "\"\\u0000\""}) {
    INFO(text);
    CHECK(parse_strict(text));
  }
}

TEST_CASE("what is not JSON is refused", "[json]") {
  for (const auto* text :
       {"",    " ",   "nul", "NaN",       "Infinity",  "-Infinity", "+1",     "01",         "1.",    ".5",      "1e",
        "--1", "'a'", "\"a", "\"\\x\"",   "\"\\u12\"", "\"a\nb\"",  "[1,]",   "{\"a\":1,}", "{a:1}", "{\"a\"}", "[1 2]",
        "[",   "{",   "]",   "{\"a\":1]", "// c\n1",   "/* c */ 1", "1 // c", "True",       "0x10"})
    CHECK(refused(text).code == errc::bad_input);
  CHECK(refused(std::string_view("\"a\0b\"", 5)).code == errc::bad_input);
  CHECK(refused(std::string_view("1\0", 2)).code == errc::bad_input);
  CHECK(refused(std::string_view("{}\0{}", 5)).code == errc::bad_input);
  CHECK(refused("\xEF\xBB\xBF{}").code == errc::bad_input);
}

TEST_CASE("bytes behind the value are refused", "[json]") {
  for (const auto* text : {"1 2", "{} {}", "[] x", "null,", "{}}", "\"a\"\"b\""})
    CHECK(refused(text).code == errc::bad_input);
  CHECK(parse_strict("{} \t\r\n"));
}

TEST_CASE("invalid UTF-8 is refused in values and in keys", "[json]") {
  const std::vector<std::string> bad{
      "\x80",             // a continuation byte alone
      "\xC3",             // cut off
      "\xC0\xAF",         // overlong "/"
      "\xE0\x80\xAF",     // overlong in three bytes
      "\xF0\x80\x80\xAF", // overlong in four
      "\xED\xA0\x80",     // a surrogate
      "\xF4\x90\x80\x80", // beyond U+10FFFF
      "\xFF",
      "\\ud800",        // lone high surrogate
      "\\udc00",        // lone low surrogate
      "\\ud800x",       // high without low
      "\\ud800\\u0041", // high with something else
  };
  for (const auto& bytes : bad) {
    CHECK(refused("{\"a\":[0,\"" + bytes + "\"]}").where == "/a/1");
    CHECK(refused("{\"a\":{\"" + bytes + "\":1}}").where == "/a");
  }
}

TEST_CASE("a key that occurs twice is refused by its pointer, at any depth", "[json]") {
  CHECK(refused(R"({"a":1,"b":2,"a":3})").where == "/a");
  CHECK(refused(R"({"x":[{},{"y":{"a":1,"a":1}}]})").where == "/x/1/y/a");
  CHECK(refused(R"({"a":1,"\u0061":2})").where == "/a");
  CHECK(refused(R"({"":1,"":2})").where == "/");
  CHECK(parse_strict(R"({"a":{"a":{"a":1}},"b":{"a":1}})"));
}

TEST_CASE("numbers that do not fit are refused", "[json]") {
  for (const auto* text : {"1e400", "-1e400", "1e999999999", "18446744073709551616", "-9223372036854775809",
                           "123456789012345678901234567890"})
    CHECK(refused("{\"n\":[" + std::string(text) + "]}").where == "/n/0");
}

TEST_CASE("32 levels are read, 33 are not, and the pointer names the container too many", "[json]") {
  CHECK(parse_strict(nested(32, "[", "]", "1")));
  CHECK(parse_strict(nested(32, "{\"a\":", "}", "1")));
  std::string arrays, members;
  for (int i = 0; i < 32; ++i) {
    arrays += "/0";
    members += "/a";
  }
  CHECK(refused(nested(33, "[", "]", "")).where == arrays);
  CHECK(refused(nested(33, "{\"a\":", "}", "1")).where == members);
  CHECK(refused(std::string(1'000'000, '[')).code == errc::bad_input);
}

TEST_CASE("a text of exactly the limit is read, one byte more is too large", "[json]") {
  const json_limits limit{.bytes = 1 << 20};
  const std::string fits = "\"" + std::string((1 << 20) - 2, 'a') + "\"";
  CHECK(parse_strict(fits, limit));
  CHECK(refused(fits + " ", limit).code == errc::too_large);
}

TEST_CASE("an error names where it is, escaped as RFC 6901 says", "[json]") {
  CHECK(refused(R"({"a/b":{"c~d":[true,nope]}})").where == "/a~1b/c~0d/1");
  CHECK(refused("[[1,2],[3,x]]").where == "/1/1");
  CHECK(refused("nope").where.empty());
  CHECK(refused(R"({"a":1 "b":2})").where.empty());
}

TEST_CASE("an error stays short however long the input was", "[json]") {
  const std::string key(100'000, 'k');
  const error twice = refused("{\"" + key + "\":1,\"" + key + "\":2}");
  CHECK(twice.where == "/" + std::string(64, 'k') + "…");
  CHECK(refused("{\"a\":\"" + std::string(100'000, 'x')).where == "/a");
  // Cut at a character, so that the error is text itself.
  CHECK(pointer_to("", "x" + std::string("é") + std::string(62, 'y')) == "/xé" + std::string(61, 'y') + "…");
  std::string accents = "x";
  for (int i = 0; i < 40; ++i) accents += "é";
  CHECK(is_utf8(pointer_to("", accents)));
}

TEST_CASE("compact text is equal for equal values", "[json]") {
  CHECK(compact_json(" { \"b\" : 1 , \"a\" : [ ] } ") == compact_json(R"({"a":[],"b":1})"));
  CHECK(compact_json(R"({"a":[],"b":1})") == R"({"a":[],"b":1})");
  CHECK(compact_json("1e1") == "10.0");
  CHECK_FALSE(compact_json("{"));
  const auto grown = compact_json("1e99", {.bytes = 4, .depth = 1});
  REQUIRE_FALSE(grown);
  CHECK(grown.error().code == errc::too_large);
}

TEST_CASE("text from our own code that is not UTF-8 is still written", "[json]") {
  CHECK(json_text(nlohmann::json("a\xFF")) == "\"a\xEF\xBF\xBD\"");
  CHECK(is_utf8("é €\n"));
  CHECK_FALSE(is_utf8("\xC0\xAF"));
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));
}
