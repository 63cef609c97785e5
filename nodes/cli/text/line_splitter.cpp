#include "nodes/cli/text/line_splitter.hpp"

#include <utility>

namespace fabric::cli {

void line_splitter::append(std::string_view piece) {
  if (too_long_) return;
  if (text_.size() + piece.size() <= line_max_ + 1) { // One more: the carriage return of a line end.
    text_ += piece;
    return;
  }
  too_long_ = true;
  text_.clear();
}

std::optional<numbered_line> line_splitter::take() {
  numbered_line line{++number_, std::exchange(text_, {}), std::exchange(too_long_, false)};
  if (line.too_long) return line;
  if (line.text.ends_with('\r')) line.text.pop_back();
  if (line.text.size() > line_max_) return numbered_line{line.number, {}, true};
  if (line.text.find_first_not_of(" \t") == std::string::npos) return std::nullopt;
  return line;
}

} // namespace fabric::cli
