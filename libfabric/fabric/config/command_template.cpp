#include "fabric/config/command_template.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace fabric::config {

namespace {

constexpr std::string_view prefix = "input.";

bool is_key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// `body` is what stands between the braces.
std::optional<std::vector<std::string>> split_keys(std::string_view body) {
  if (!body.starts_with(prefix)) return std::nullopt;
  body.remove_prefix(prefix.size());
  std::vector<std::string> keys(1);
  for (char c : body) {
    if (c == '.')
      keys.emplace_back();
    else if (is_key_char(c))
      keys.back() += c;
    else
      return std::nullopt;
  }
  if (std::any_of(keys.begin(), keys.end(), [](const auto& key) { return key.empty(); })) return std::nullopt;
  return keys;
}

expected<std::string> value_text(const template_piece& piece, const nlohmann::json& input) {
  const nlohmann::json* at = &input;
  std::string where = "/input";
  for (const auto& key : piece.keys) {
    where += "/" + key;
    if (!at->is_object() || !at->contains(key))
      return fail(errc::bad_input, "missing: the class's command needs it as a string, number or bool", where);
    at = &(*at)[key];
  }
  if (at->is_number() || at->is_boolean()) return at->dump();
  if (!at->is_string())
    return fail(errc::bad_input, "must be a string, number or bool: the class's command uses it", where);
  const auto& text = at->get_ref<const std::string&>();
  if (text.find('\0') != std::string::npos)
    return fail(errc::bad_input, "has a NUL byte, which no argument of a command can hold", where);
  if (text.size() > argument_bytes)
    return fail(errc::too_large,
                std::to_string(text.size()) + " bytes; an argument of a command holds at most " +
                    std::to_string(argument_bytes) + " (argument_bytes)",
                where);
  return text;
}

} // namespace

expected<std::vector<template_piece>> parse_template(std::string_view argument) {
  std::vector<template_piece> pieces;
  std::string text;
  for (std::size_t i = 0; i < argument.size(); ++i) {
    const char c = argument[i];
    if (c != '{' && c != '}') {
      text += c;
    } else if (i + 1 < argument.size() && argument[i + 1] == c) {
      text += c;
      ++i;
    } else {
      const auto end = argument.find('}', i);
      if (c == '}' || end == std::string_view::npos)
        return fail(errc::bad_input, "a brace without its partner; write {{ and }} for literal braces");
      const auto body = argument.substr(i + 1, end - i - 1);
      auto keys = split_keys(body);
      if (!keys)
        return fail(errc::bad_input, "{" + std::string(body) +
                                         "} is no placeholder: only {input.key} and {input.key.key} are, with keys of "
                                         "letters, digits, _ and -; write {{ and }} for literal braces");
      if (!text.empty()) pieces.push_back({std::move(text), {}});
      text.clear();
      pieces.push_back({{}, std::move(*keys)});
      i = end;
    }
  }
  if (!text.empty()) pieces.push_back({std::move(text), {}});
  return pieces;
}

expected<std::string> fill_template(std::string_view argument, const nlohmann::json& input) {
  const auto pieces = parse_template(argument);
  if (!pieces) return tl::unexpected(pieces.error());
  std::string filled;
  for (const auto& piece : *pieces) {
    if (piece.keys.empty()) {
      filled += piece.text;
      continue;
    }
    auto text = value_text(piece, input);
    if (!text) return text;
    filled += *text;
  }
  if (filled.size() > argument_bytes)
    return fail(errc::too_large,
                "an argument of " + std::to_string(filled.size()) + " bytes; a command's holds at most " +
                    std::to_string(argument_bytes) + " (argument_bytes)",
                "/input");
  return filled;
}

} // namespace fabric::config
