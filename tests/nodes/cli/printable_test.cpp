#include "nodes/cli/text/printable.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric::cli;

TEST_CASE("ordinary text passes", "[cli][printable]") {
  CHECK(printable("") == "");
  CHECK(printable("sha256sum /etc/hosts") == "sha256sum /etc/hosts");
  CHECK(printable("Zoë 日本 😀") == "Zoë 日本 😀");
  CHECK(printable("back\\slash") == "back\\slash");
}

TEST_CASE("what could steer a terminal is escaped", "[cli][printable]") {
  CHECK(printable("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(printable("\x1b]0;title\x07") == "\\x1b]0;title\\x07");
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
  CHECK(printable("\x7f") == "\\x7f");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\x9b31m"); // C1: a one-character CSI.
}

TEST_CASE("text cannot be turned around or hidden", "[cli][printable]") {
  CHECK(printable("a\xe2\x80\xae"
                  "b") == "a\\u202eb"); // Right-to-left override.
  CHECK(printable("\xe2\x81\xa6") == "\\u2066");
  CHECK(printable("\xe2\x80\xa8") == "\\u2028");
  CHECK(printable("\xef\xbb\xbf") == "\\ufeff");
}

TEST_CASE("bytes that are not UTF-8 are escaped one by one", "[cli][printable]") {
  CHECK(printable("\xff"
                  "a") == "\\xffa");
  CHECK(printable("\xc3") == "\\xc3");          // Cut off.
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf"); // Overlong.
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  CHECK(printable("\x80") == "\\x80");
}

TEST_CASE("combining marks take no column", "[cli][printable]") {
  CHECK(columns("abc") == 3);
  CHECK(columns("日本") == 2);
  CHECK(columns("e\xcc\x81") == 1);
  CHECK(columns("\xcd\xb0") == 1); // U+0370, a letter again.
}

TEST_CASE("cutting keeps characters whole and fits", "[cli][printable]") {
  CHECK(cut("abc", 3) == "abc");
  CHECK(cut("abcd", 3) == "ab…");
  CHECK(cut("日本語です", 3) == "日本…");
  CHECK(cut("abcd", 1) == "…");
  CHECK(columns(cut("日本語です", 3)) == 3);
}

TEST_CASE("a character that is cut off is held back", "[cli][printable]") {
  CHECK(whole_characters("") == 0);
  CHECK(whole_characters("abc") == 3);
  CHECK(whole_characters("Zoë") == 4);
  CHECK(whole_characters("Zo\xc3") == 2);
  CHECK(whole_characters("x\xe6\x97") == 1);
  CHECK(whole_characters("x\xf0\x9f\x98") == 1);
  CHECK(whole_characters("x\xf0\x9f\x98\x80") == 5);
}

TEST_CASE("bytes that can become no character are not held back", "[cli][printable]") {
  CHECK(whole_characters("\x80\x80\x80\x80\x80") == 5);
  CHECK(whole_characters("\xc3"
                         "a") == 2);
}

TEST_CASE("lines stay lines when they are made printable", "[cli][printable]") {
  CHECK(printable_lines("") == "");
  CHECK(printable_lines("a\tb\n\nü\r\n") == "a\tb\n\nü\r\n");
  CHECK(printable_lines("50%\r100%\n\x1b[2J\n") == "50%\\r100%\n\\x1b[2J\n");
  CHECK(printable_lines("\r\n\r\t\r") == "\r\n\\r\t\\r");
  CHECK(printable_lines("\x07"
                        "end") == "\\x07"
                                  "end");
}
