#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Lines of a file that comes in pieces, with their numbers. Pure.
namespace fabric::cli {

struct numbered_line {
  std::uint64_t number = 0; ///< From 1, empty lines counted.
  std::string text;         ///< Without the line end ("\n" or "\r\n"); empty if too_long.
  bool too_long = false;
};

/// Holds at most one line of `line_max` bytes; the rest of a longer one is dropped as it comes.
class line_splitter {
public:
  explicit line_splitter(std::size_t line_max) : line_max_(line_max) {}

  /// Calls `each(numbered_line)` for every line that `bytes` ends. Lines of only blanks are counted and left out.
  template <class Each> void feed(std::string_view bytes, Each each) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      append(bytes.substr(0, end));
      if (end == std::string_view::npos) return;
      if (auto line = take()) each(std::move(*line));
      bytes.remove_prefix(end + 1);
    }
  }

  /// Calls `each` for a last line without a line end.
  template <class Each> void finish(Each each) {
    if (text_.empty() && !too_long_) return;
    if (auto line = take()) each(std::move(*line));
  }

private:
  void append(std::string_view piece);
  std::optional<numbered_line> take();

  std::size_t line_max_;
  std::uint64_t number_ = 0;
  std::string text_;
  bool too_long_ = false;
};

} // namespace fabric::cli
