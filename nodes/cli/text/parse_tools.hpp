#pragma once

#include "nodes/cli/text/invocation.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

/// The words of the operator's tools: store, doctor, top, completion, config show, and cancel and kick of many. Pure.
namespace fabric::cli {

void add_tools(CLI::App& app, invocation& into);
void add_config_show(CLI::App& config, invocation& into);

/// The options of cancel and kick that choose jobs in place of their numbers.
void add_bulk(CLI::App& sub, invocation& into);

/// --config and --data, of what is about a node's files.
void add_place(CLI::App& sub, tool_options& tool);

/// What no single option can know. Returns an empty text if all is well.
std::string check_tools(invocation& what);

/// Whether the command needs no fabric that answers.
bool is_local_tool(const invocation& what);

} // namespace fabric::cli
