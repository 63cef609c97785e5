#include "tests/style/rules.hpp"

#include <algorithm>
#include <array>

namespace fabric::style {

namespace {

struct ban {
  std::string_view text;
  std::string_view instead;
};

std::string_view trimmed(std::string_view line) {
  const auto begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(' ') - begin + 1);
}

bool is_pure(const source_file& file) {
  static constexpr std::array<std::string_view, 7> folders{"job",  "lane", "policy",     "scheduler",
                                                           "node", "sim",  "supervision"};
  return std::any_of(folders.begin(), folders.end(), [&](std::string_view folder) {
    return file.is_in("libfabric/fabric/" + std::string{folder} + "/");
  });
}

int balance(std::string_view code, char opening, char closing) {
  return static_cast<int>(std::count(code.begin(), code.end(), opening) -
                          std::count(code.begin(), code.end(), closing));
}

/// Whether a function given on this line is called later, when the stack is another.
bool is_for_later(std::string_view code) {
  static constexpr std::array<std::string_view, 12> openers{
      ".then(", ".await(", "run_delayed(",    "run_scheduled(",    "delayed_send(",      "spawn(",
      "gather", ".watch(", "attach_functor(", "set_down_handler(", "set_error_handler(", "set_exit_handler("};
  return std::any_of(openers.begin(), openers.end(),
                     [&](std::string_view opener) { return code.find(opener) != std::string_view::npos; });
}

} // namespace

void keep_the_library_below_the_actors(const source_file& file, violations& found) {
  static constexpr std::array<std::string_view, 6> above{"<caf/",    "\"caf/",   "\"actors/",
                                                         "<actors/", "\"nodes/", "<nodes/"};
  if (!file.is_in("libfabric/")) return;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    if (!trimmed(file.lines[i]).starts_with("#include")) continue;
    for (const auto prefix : above)
      if (file.lines[i].find(prefix) != std::string::npos)
        found.push_back({file.path, i + 1, "libfabric decides and does not know of CAF, actors or programs"});
  }
}

void keep_decisions_pure(const source_file& file, violations& found) {
  static constexpr std::array<ban, 17> bans{{{"clock_gettime", "time comes in as an argument"},
                                             {"gettimeofday", "time comes in as an argument"},
                                             {"rand(", "random draws come in as arguments"},
                                             {"getrandom", "random draws come in as arguments"},
                                             {"getenv", "the environment comes in as an argument"},
                                             {"<filesystem>", "I/O belongs to store/ and exec/"},
                                             {"sqlite3", "I/O belongs to store/ and exec/"},
                                             {"<sys/", "I/O belongs to store/ and exec/"},
                                             {"system_clock::now", "time comes in as an argument"},
                                             {"steady_clock::now", "time comes in as an argument"},
                                             {"high_resolution_clock", "time comes in as an argument"},
                                             {"random_device", "random draws come in as arguments"},
                                             {"<thread>", "threads belong to the actors"},
                                             {"<mutex>", "threads belong to the actors"},
                                             {"<unistd.h>", "I/O belongs to store/ and exec/"},
                                             {"<fstream>", "I/O belongs to store/ and exec/"},
                                             {"spdlog", "the actors log"}}};
  if (!is_pure(file)) return;
  for (std::size_t i = 0; i < file.lines.size(); ++i)
    for (const auto& b : bans)
      if (code_of(file.lines[i]).find(b.text) != std::string_view::npos)
        found.push_back({file.path, i + 1, std::string{b.text} + " in a pure folder: " + std::string{b.instead}});
}

void ask_for_the_caf_version_in_one_place(const source_file& file, violations& found) {
  // The tests have a header of the same kind: CAF's testing schedulers differ too.
  const bool may_know = file.path == "actors/compat.hpp" || file.path == "tests/actors/compat_test.hpp";
  if (!file.is_cpp() || file.is_a_rule() || may_know) return;
  for (std::size_t i = 0; i < file.lines.size(); ++i)
    for (const std::string_view word : {"CAF_MAJOR_VERSION", "CAF_VERSION", "CAF_MINOR_VERSION"})
      if (has_word(file.lines[i], word))
        found.push_back({file.path, i + 1, "only actors/compat.hpp knows which CAF this is"});
}

void capture_no_reference_that_escapes(const source_file& file, violations& found) {
  if (!file.is_in("actors/")) return;
  int depth = 0;   // Of braces within make_behavior().
  int pending = 0; // Of parentheses within a call that keeps the functions it is given.
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const auto code = code_of(file.lines[i]);
    if (trimmed(code).empty()) continue;
    const bool opens = depth == 0 && code.find("make_behavior(") != std::string_view::npos;
    if (opens || depth > 0) depth += balance(code, '{', '}');
    const bool later = pending > 0 || is_for_later(code);
    if (later) pending = std::max(0, pending + balance(code, '(', ')'));
    const bool handler = depth > 0 && trimmed(code).starts_with("[&");
    if (code.find("[&") != std::string_view::npos && (later || handler))
      found.push_back({file.path, i + 1, "what is called later captures `this` or values, never by reference"});
  }
}

void start_no_shell(const source_file& file, violations& found) {
  if (!file.is_cpp() || file.is_a_rule()) return;
  for (std::size_t i = 0; i < file.lines.size(); ++i)
    for (const std::string_view name : {"system", "popen"})
      if (calls(code_of(file.lines[i]), name))
        found.push_back({file.path, i + 1, std::string{name} + "() starts a shell: use fork and exec of an argv"});
}

void never_sleep_in_tests(const source_file& file, violations& found) {
  static constexpr std::array<std::string_view, 5> names{"sleep_for", "sleep_until", "usleep", "nanosleep", "sleep"};
  // A job that tests run is to take its time, and a load to keep its pace; they are no tests.
  const bool is_no_test = file.ends_in("_job.cpp") || file.is_in("tests/bench/") || file.is_a_rule();
  if (!file.is_cpp() || !file.is_in("tests/") || is_no_test) return;
  for (std::size_t i = 0; i < file.lines.size(); ++i)
    for (const auto name : names)
      if (calls(code_of(file.lines[i]), name))
        found.push_back({file.path, i + 1, "wait for an event, not for a moment: " + std::string{name}});
}

} // namespace fabric::style
