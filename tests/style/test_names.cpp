#include "tests/style/rules.hpp"

#include <cctype>
#include <optional>
#include <utility>

namespace fabric::style {

namespace {

bool is_test(const source_file& file) { return file.is_in("tests/") && file.ends_in(".cpp"); }

/// The string literals that follow each other from `at` on, joined; nullopt if none begins there.
std::optional<std::string> read_literals(std::string_view text, std::size_t at) {
  std::optional<std::string> joined;
  for (;;) {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at]))) ++at;
    if (at >= text.size() || text[at] != '"') return joined;
    if (!joined) joined.emplace();
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      *joined += text[at];
    }
    ++at;
  }
}

/// The start of the first argument that is a literal: TEST_CASE_METHOD names its fixture first.
std::size_t skip_fixture(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '"' && text[at] != ')' && text[at] != '\n') ++at;
  if (at < text.size() && text[at] == '\n') ++at;
  return at;
}

} // namespace

std::vector<test_name> test_names(const source_file& file) {
  std::string text;
  std::vector<std::size_t> begins;
  for (const auto& line : file.lines) {
    begins.push_back(text.size());
    text += line + "\n";
  }
  std::vector<test_name> names;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string_view line{file.lines[i]};
    if (!line.starts_with("TEST_CASE") && !line.starts_with("TEMPLATE_TEST_CASE")) continue;
    const auto open = line.find('(');
    if (open == std::string_view::npos) continue;
    auto name = read_literals(text, skip_fixture(text, begins[i] + open + 1));
    if (name) names.push_back({std::move(*name), i + 1});
  }
  return names;
}

void name_tests_with_sentences(const source_file& file, violations& found) {
  if (!is_test(file)) return;
  for (const auto& name : test_names(file)) {
    if (name.text.find(' ') == std::string::npos)
      found.push_back({file.path, name.line, "a test is named with a sentence, not \"" + name.text + "\""});
    if (name.text.ends_with('.')) found.push_back({file.path, name.line, "a test name ends without a full stop"});
  }
}

violations repeated_test_names(const std::vector<source_file>& files) {
  violations found;
  std::map<std::pair<std::string, std::string>, violation> first;
  for (const auto& file : files) {
    if (!is_test(file)) continue;
    const auto folder = file.path.substr(0, file.path.rfind('/')); // One program per folder.
    for (const auto& name : test_names(file)) {
      const auto [known, fresh] = first.try_emplace({folder, name.text}, violation{file.path, name.line, {}});
      if (!fresh)
        found.push_back({file.path, name.line,
                         "the name \"" + name.text + "\" is taken by " + known->second.path + ":" +
                             std::to_string(known->second.line)});
    }
  }
  return found;
}

} // namespace fabric::style
