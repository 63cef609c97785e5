#pragma once

#include "fabric/job/states.hpp"

#include <string>
#include <string_view>

/// Colours, only where somebody sees them. Pure.
namespace fabric::cli {

enum class colour : std::uint8_t { none, red, green, yellow, blue, dim, bold };

/// When to use colours, decided once at the start.
struct style {
  bool coloured = false;

  /// Returns `text` in the colour's escape sequences, or as it is.
  std::string paint(colour c, std::string_view text) const;
};

/// Returns whether to colour what goes to a stream. https://no-color.org: NO_COLOR, if not empty, forbids it; so does
/// TERM=dumb.
bool wants_colour(bool is_terminal, const char* no_color, const char* term);

/// Green for succeeded, red for buried, yellow for cancelled, blue for running, dim for what waits.
colour colour_of(job_state s);

} // namespace fabric::cli
