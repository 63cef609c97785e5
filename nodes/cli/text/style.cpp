#include "nodes/cli/text/style.hpp"

namespace fabric::cli {

namespace {

std::string_view sequence(colour c) {
  switch (c) {
  case colour::none: return "";
  case colour::red: return "\x1b[31m";
  case colour::green: return "\x1b[32m";
  case colour::yellow: return "\x1b[33m";
  case colour::blue: return "\x1b[34m";
  case colour::dim: return "\x1b[2m";
  case colour::bold: return "\x1b[1m";
  }
  return "";
}

} // namespace

std::string style::paint(colour c, std::string_view text) const {
  if (!coloured || c == colour::none) return std::string(text);
  return std::string(sequence(c)).append(text).append("\x1b[0m");
}

bool wants_colour(bool is_terminal, const char* no_color, const char* term) {
  if (!is_terminal || (no_color != nullptr && *no_color != '\0')) return false;
  return term == nullptr || std::string_view(term) != "dumb";
}

colour colour_of(job_state s) {
  switch (s) {
  case job_state::succeeded: return colour::green;
  case job_state::buried: return colour::red;
  case job_state::cancelled: return colour::yellow;
  case job_state::running: return colour::blue;
  default: return colour::dim;
  }
}

} // namespace fabric::cli
