#include "tests/style/source_tree.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace fabric::style {

namespace {

namespace fs = std::filesystem;

/// Not ours, or not source: what is built, the history, editors' and tools' files. `.ci` is ours.
bool is_skipped(const fs::path& name) {
  const auto text = name.string();
  return text == "build" || text == "__pycache__" || (text.starts_with(".") && text != ".ci");
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::vector<source_file> read_tree() {
  const fs::path root{FABRIC_SOURCE_DIR};
  std::vector<source_file> files;
  for (fs::recursive_directory_iterator at{root}, end; at != end; ++at) {
    if (is_skipped(at->path().filename())) {
      if (at->is_directory()) at.disable_recursion_pending();
      continue;
    }
    if (!at->is_regular_file() || at->is_symlink()) continue;
    std::ostringstream text;
    text << std::ifstream(at->path(), std::ios::binary).rdbuf();
    if (text.view().find('\0') != std::string_view::npos) continue;
    files.push_back(file_of(fs::relative(at->path(), root).generic_string(), text.view()));
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

template <class Accept> bool find_word(std::string_view line, std::string_view word, Accept accept) {
  for (auto at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    if (at > 0 && is_word(line[at - 1])) continue;
    if (at + word.size() < line.size() && is_word(line[at + word.size()])) continue;
    if (accept(line.substr(0, at), line.substr(at + word.size()))) return true;
  }
  return false;
}

} // namespace

source_file file_of(std::string path, std::string_view text) {
  source_file file{std::move(path), {}};
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    file.lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return file;
}

const std::vector<source_file>& tree() {
  static const auto files = read_tree();
  return files;
}

std::string render(const violations& all) {
  std::string text;
  for (const auto& v : all) text += v.path + ":" + std::to_string(v.line) + ": " + v.message + "\n";
  return text;
}

violations check(const rule& r, const std::vector<source_file>& files) {
  violations found;
  for (const auto& file : files) r(file, found);
  return found;
}

std::string_view code_of(std::string_view line) {
  for (auto at = line.find("//"); at != std::string_view::npos; at = line.find("//", at + 2))
    if (at == 0 || line[at - 1] != ':') return line.substr(0, at); // Not that of a URL.
  return line;
}

bool has_word(std::string_view line, std::string_view word) {
  return find_word(line, word, [](auto, auto) { return true; });
}

bool calls(std::string_view line, std::string_view name) {
  return find_word(line, name, [](std::string_view before, std::string_view after) {
    if (before.ends_with('.') || before.ends_with("->")) return false;
    const auto open = after.find_first_not_of(' ');
    if (open == std::string_view::npos || after[open] != '(') return false;
    const auto argument = after.find_first_not_of(' ', open + 1);
    return argument == std::string_view::npos || after[argument] != ')';
  });
}

} // namespace fabric::style
