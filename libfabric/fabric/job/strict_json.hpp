#pragma once

#include "fabric/error.hpp"
#include "fabric/job/limits.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <string_view>

/// JSON from outside: only what RFC 8259 allows and everybody reads alike. Pure.
namespace fabric {

struct json_limits {
  std::size_t bytes = limits::spec_bytes; ///< Of the text as it came.
  std::size_t depth = limits::json_depth; ///< Containers within each other; 1 is a flat array or object.
};

/// Reads one JSON value. Refuses, beside what is not JSON: invalid UTF-8 (overlong forms, lone surrogates), a byte
/// order mark, comments, bytes behind the value, an object with the same key twice, numbers over a double's range, and
/// integers beyond 64 bits, which would lose digits.
/// @returns errc::too_large for the size, errc::bad_input for the rest; `where` is the JSON pointer (RFC 6901) of the
///          value that is wrong, empty for the whole text.
expected<nlohmann::json> parse_strict(std::string_view text, json_limits limits = {});

/// Returns `text` as compact JSON with sorted keys: equal values give equal text.
/// @returns errors as parse_strict, and errc::too_large when the compact form exceeds limits.bytes.
expected<std::string> compact_json(std::string_view text, json_limits limits = {});

/// Returns `value` as compact text with sorted keys. Invalid UTF-8, which only values built by our own code can hold,
/// is replaced by U+FFFD instead of failing.
std::string json_text(const nlohmann::json& value);

/// Returns whether `text` is valid UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

/// Appends "/key" to a JSON pointer, escaped. Keys over 64 bytes are cut at a character and marked "…", so that an
/// error cannot be as long as the input that caused it.
std::string pointer_to(std::string_view parent, std::string_view key);

} // namespace fabric
