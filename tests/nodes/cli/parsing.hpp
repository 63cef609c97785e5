#pragma once

#include "nodes/cli/text/exit_code.hpp"
#include "nodes/cli/text/parse.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <utility>
#include <vector>

/// What the tests of the command line's words share.
namespace fabric::cli::testing {

using words = std::vector<std::string>;

/// What these words mean; fails the test if they are refused.
inline invocation good(words from) {
  auto parsed = parse(std::move(from));
  if (const auto* wrong = std::get_if<usage_text>(&parsed)) FAIL(wrong->text);
  return std::get<invocation>(std::move(parsed));
}

/// Why these words are refused; fails the test if they are not.
inline std::string bad(words from) {
  auto parsed = parse(std::move(from));
  REQUIRE(std::holds_alternative<usage_text>(parsed));
  CHECK(std::get<usage_text>(parsed).code == usage);
  return std::get<usage_text>(parsed).text;
}

} // namespace fabric::cli::testing
