#pragma once

#include "fabric/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// One argument of a class's command. `{input.key}` stands for that string, number or bool of the job's input,
/// `{input.a.b}` for a nested one; "{{" and "}}" are literal braces. However the value looks, it stays within its
/// argument: no shell ever sees it. Pure.
namespace fabric::config {

/// Linux takes no longer argument (MAX_ARG_STRLEN less the closing NUL).
inline constexpr std::size_t argument_bytes = 128 * 1024 - 1;

/// Either literal text, or the keys of a placeholder, outermost first.
struct template_piece {
  std::string text;
  std::vector<std::string> keys; ///< Empty: `text` is meant.

  bool operator==(const template_piece&) const = default;
};

/// Takes an argument apart. errc::bad_input for a brace without its partner, a placeholder that does not begin with
/// "input.", and keys other than [A-Za-z0-9_-]+.
expected<std::vector<template_piece>> parse_template(std::string_view argument);

/// Puts the argument together. `where` of an error is the JSON pointer of the value, from "/input".
/// errc::bad_input: malformed template, value missing, not a string, number or bool, or with a NUL byte;
/// errc::too_large: longer than argument_bytes.
expected<std::string> fill_template(std::string_view argument, const nlohmann::json& input);

} // namespace fabric::config
