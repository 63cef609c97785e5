#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

/// Broken invariants: bugs, not bad input. They are checked in release builds too; the actor in whose machine one
/// breaks ends with it, and its supervisor starts a fresh one from what the store knows.
namespace fabric {

struct broken_invariant : std::logic_error {
  using std::logic_error::logic_error;
};

/// @throws broken_invariant, naming file, line and function, unless `holds`.
inline void invariant(bool holds, std::source_location at = std::source_location::current()) {
  if (holds) [[likely]]
    return;
  throw broken_invariant("broken invariant at " + std::string{at.file_name()} + ":" + std::to_string(at.line()) +
                         " in " + at.function_name());
}

} // namespace fabric
