#pragma once

#include "fabric/config/problem.hpp"

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include <map>
#include <string>
#include <string_view>

/// A JSON text with // and /* */ comments, and where each of its values stands. Pure.
namespace fabric::config {

inline constexpr std::size_t document_bytes = 4u << 20;
inline constexpr std::size_t document_depth = 32;

struct origin {
  std::string file;
  unsigned line = 0; ///< Of the value's key, or of the value itself in an array.
};

struct document {
  nlohmann::json value = nlohmann::json::object(); ///< An object.
  std::map<std::string, origin> origins;           ///< By JSON pointer; the root's is "".
  problems found;                                  ///< Duplicate keys: not fatal, so that the rest is checked too.

  /// Where `pointer`, or the nearest value around it, comes from.
  const origin& origin_of(std::string pointer) const;
};

/// The problem that keeps the text from being read at all: malformed, not UTF-8, deeper than document_depth, larger
/// than document_bytes, not an object.
tl::expected<document, problem> parse_document(std::string_view text, const std::string& file);

/// Appends `key` to a JSON pointer, escaped.
std::string join(const std::string& pointer, std::string_view key);

} // namespace fabric::config
