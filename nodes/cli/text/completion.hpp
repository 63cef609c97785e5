#pragma once

#include <CLI/CLI.hpp>

#include <string>

/// A shell's script for completing words, made from the grammar itself. Pure.
namespace fabric::cli {

/// For bash 4 and later. Behind an option that takes a value, and where no word fits, bash completes file names.
std::string bash_completion(const CLI::App& app);

} // namespace fabric::cli
