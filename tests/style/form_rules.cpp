#include "tests/style/rules.hpp"

#include <algorithm>
#include <array>

namespace fabric::style {

namespace {

constexpr std::size_t lines_max = 400;
constexpr std::size_t columns_max = 120;

std::size_t columns(std::string_view line) {
  // UTF-8: what continues a character takes no column.
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

} // namespace

void keep_files_short(const source_file& file, violations& found) {
  const bool is_code = file.is_cpp() || file.is_cmake() || file.is_in("scripts/");
  if (is_code && file.lines.size() > lines_max)
    found.push_back({file.path, lines_max + 1,
                     "has " + std::to_string(file.lines.size()) + " lines, at most " + std::to_string(lines_max) +
                         ": split it by thing"});
}

void keep_lines_short(const source_file& file, violations& found) {
  if (!file.is_cpp()) return;
  for (std::size_t i = 0; i < file.lines.size(); ++i)
    if (columns(file.lines[i]) > columns_max)
      found.push_back({file.path, i + 1,
                       "over " + std::to_string(columns_max) + " columns: run scripts/format, or cut the string"});
}

void begin_headers_with_pragma_once(const source_file& file, violations& found) {
  if (file.is_header() && (file.lines.empty() || file.lines[0] != "#pragma once"))
    found.push_back({file.path, 1, "a header begins with #pragma once"});
}

void document_public_headers(const source_file& file, violations& found) {
  if (!file.is_header() || !file.is_in("libfabric/")) return;
  const bool documented =
      std::any_of(file.lines.begin(), file.lines.end(), [](const auto& l) { return l.find("///") != l.npos; });
  if (!documented) found.push_back({file.path, 1, "a header of libfabric says with /// what it is"});
}

void leave_no_notes_to_self(const source_file& file, violations& found) {
  static constexpr std::array<std::string_view, 4> notes{"TODO", "FIXME", "XXX", "HACK"};
  if (file.is_a_rule()) return;
  for (std::size_t i = 0; i < file.lines.size(); ++i)
    for (const auto note : notes)
      if (has_word(file.lines[i], note)) found.push_back({file.path, i + 1, "do it or drop it: " + std::string{note}});
}

void settle_merges(const source_file& file, violations& found) {
  if (file.is_a_rule()) return;
  for (std::size_t i = 0; i < file.lines.size(); ++i)
    if (file.lines[i].starts_with("<<<<<<< ") || file.lines[i].starts_with(">>>>>>> "))
      found.push_back({file.path, i + 1, "a merge that nobody settled"});
}

void name_no_place_of_development(const source_file& file, violations& found) {
  static constexpr std::array<std::string_view, 3> places{"/root/", "/home/", FABRIC_SOURCE_DIR "/"};
  if (file.is_a_rule()) return;
  for (std::size_t i = 0; i < file.lines.size(); ++i)
    for (const auto place : places)
      for (auto at = file.lines[i].find(place); at != std::string::npos; at = file.lines[i].find(place, at + 1)) {
        // Not the middle of another path.
        if (at > 0 && (std::isalnum(static_cast<unsigned char>(file.lines[i][at - 1])) || file.lines[i][at - 1] == '.'))
          continue;
        found.push_back({file.path, i + 1, "a path of one machine: " + std::string{place}});
      }
}

void name_no_host_in_build_files(const source_file& file, violations& found) {
  if (!file.is_in("scripts/") && !file.is_in(".ci/") && !file.is_cmake()) return;
  for (std::size_t i = 0; i < file.lines.size(); ++i)
    for (const std::string_view scheme : {"http://", "https://"})
      if (file.lines[i].find(scheme) != std::string::npos)
        found.push_back({file.path, i + 1, "hosts come from the machine's own configuration, not from here"});
}

} // namespace fabric::style
