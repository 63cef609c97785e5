#pragma once

#include "fabric/job/states.hpp"
#include "fabric/time.hpp"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

/// What options of several commands have in common. Pure.
namespace fabric::cli {

/// What is wrong with a word; nullopt: nothing.
using complaint = std::optional<std::string>;

complaint read_duration(const std::string& text, std::optional<duration>& into);

/// Names of states with commas between, added to `into`.
complaint read_states(const std::string& text, std::vector<job_state>& into);

/// An option whose text becomes a value, or a usage error in the words of `read`.
template <class Read> CLI::Option* add_parsed(CLI::App& app, const char* names, Read read, const std::string& help) {
  return app.add_option_function<std::string>(
      names,
      [read, name = std::string(names)](const std::string& text) {
        if (auto wrong = read(text)) throw CLI::ValidationError(name, *wrong);
      },
      help);
}

} // namespace fabric::cli
