#pragma once

#include <string>
#include <vector>

/// What is wrong with a configuration: all of it, not only the first.
namespace fabric::config {

struct problem {
  std::string file;    ///< As given to load(); "--set" for an override.
  unsigned line = 0;   ///< From 1; 0: the problem has no place in a file.
  std::string pointer; ///< JSON pointer of the value, or of the object in which something is missing; may be empty.
  std::string message; ///< What is wrong, and the rule. Without a trailing full stop.

  bool operator==(const problem&) const = default;
};

using problems = std::vector<problem>;

/// Returns "file:line: /pointer: message", without the parts that are empty.
std::string render(const problem& p);

/// One line per problem.
std::string render(const problems& all);

} // namespace fabric::config
