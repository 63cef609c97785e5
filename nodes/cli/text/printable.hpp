#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Text that others chose (jobs, clients, config files), made safe to show on a terminal. Pure.
namespace fabric::cli {

/// Returns `text` with everything escaped that could steer a terminal or turn what follows around: control characters
/// (C0, DEL, C1), bidirectional overrides, line and paragraph separators, and bytes that are not UTF-8.
/// A newline becomes \n, ESC \x1b, U+202E \u202e.
std::string printable(std::string_view text);

/// The same for text of several lines: newlines, also those with a carriage return, and tabs stay as they are.
std::string printable_lines(std::string_view text);

/// Columns that valid UTF-8 takes, one per code point and none for combining marks (U+0300 .. U+036F).
std::size_t columns(std::string_view text);

/// Returns `text` if it fits into `width` columns, else its beginning and "…". @pre width >= 1.
std::string cut(std::string_view text, std::size_t width);

/// Returns how many bytes of `text` are left without a character that is cut off at its end (at most 3 bytes go).
std::size_t whole_characters(std::string_view text);

} // namespace fabric::cli
