#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// The text files of the source tree, and what the rules find in them.
namespace fabric::style {

struct source_file {
  std::string path; ///< From the root of the tree, with slashes.
  std::vector<std::string> lines;

  bool is_in(std::string_view folder) const { return path.starts_with(folder); }
  bool ends_in(std::string_view suffix) const { return path.ends_with(suffix); }
  bool is_header() const { return ends_in(".hpp"); }
  bool is_cpp() const { return ends_in(".hpp") || ends_in(".cpp"); }
  bool is_cmake() const { return ends_in(".cmake") || ends_in("CMakeLists.txt"); }
  /// The rules name what they forbid.
  bool is_a_rule() const { return is_in("tests/style/"); }
};

/// A file out of its text; for tests of rules.
source_file file_of(std::string path, std::string_view text);

/// Every text file below FABRIC_SOURCE_DIR, but for what is built and the history. Sorted by path, read once.
const std::vector<source_file>& tree();

struct violation {
  std::string path;
  std::size_t line = 0; ///< From 1.
  std::string message;
};
using violations = std::vector<violation>;

/// Returns "path:line: message" per violation, one a line.
std::string render(const violations& all);

using rule = std::function<void(const source_file&, violations&)>;

violations check(const rule& r, const std::vector<source_file>& files);

// -- reading a line ---------------------------------------------------------------------------------------------------

/// The line without a trailing `//` comment.
std::string_view code_of(std::string_view line);

/// Whether `word` stands in `line` and is not a part of a longer word.
bool has_word(std::string_view line, std::string_view word);

/// Whether the line calls the free function `name` with arguments: not as a member, not as a part of a longer name.
bool calls(std::string_view line, std::string_view name);

} // namespace fabric::style
