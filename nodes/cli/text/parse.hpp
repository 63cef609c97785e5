#pragma once

#include "nodes/cli/text/invocation.hpp"

#include <string>
#include <variant>
#include <vector>

/// From words to an invocation. Reads the environment variable FABRIC_NODE, nothing else.
namespace fabric::cli {

/// What to print instead of running something: help, the version (code 0), or what is wrong with the words (code 2).
struct usage_text {
  int code = 0;
  std::string text; ///< With a newline at its end.
};

/// @param words without the program's name.
std::variant<invocation, usage_text> parse(std::vector<std::string> words);

/// What `source` gives to bash so that it completes the words of `parse`.
std::string completion_script();

} // namespace fabric::cli
