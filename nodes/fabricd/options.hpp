#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fabric::nodes {

/// What `fabricd` was told on its command line.
struct options {
  std::string config;              ///< --config FILE
  std::optional<std::string> data; ///< --data DIR, over node.data.
  std::vector<std::string> set;    ///< --set POINTER=VALUE, over the file.
  std::string runner;              ///< --runner PATH; empty: beside this program.
  bool no_runner = false;          ///< --no-start-runner: a unit of its own runs it.
};

/// Parses argv, or prints help or what is wrong and returns the exit code in `exit_code`.
std::optional<options> parse_options(int argc, char** argv, int& exit_code);

} // namespace fabric::nodes
