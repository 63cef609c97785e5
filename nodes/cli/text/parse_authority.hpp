#pragma once

#include "nodes/cli/text/invocation.hpp"

#include <CLI/CLI.hpp>

/// The words of `fabric ca`. Pure.
namespace fabric::cli {

void add_authority(CLI::App& app, invocation& into);

} // namespace fabric::cli
