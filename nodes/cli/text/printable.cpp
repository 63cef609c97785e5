#include "nodes/cli/text/printable.hpp"

#include "fabric/job/strict_json.hpp"

#include <fmt/format.h>

namespace fabric::cli {

namespace {

/// Bytes of the character that starts with `lead`, which must be a lead byte.
std::size_t length_of(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}

/// Bytes of the valid character at the front of `text`; 0 if there is none.
std::size_t valid_front(std::string_view text) {
  const auto length = length_of(static_cast<unsigned char>(text.front()));
  return length <= text.size() && is_utf8(text.substr(0, length)) ? length : 0;
}

/// @pre `character` is one valid character.
char32_t decode(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return lead;
  char32_t value = lead & (0xffU >> (character.size() + 1));
  for (const char c : character.substr(1)) value = (value << 6) | (static_cast<unsigned char>(c) & 0x3fU);
  return value;
}

bool is_steering(char32_t c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return true;
  return c == 0x061c || (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0xfeff;
}

std::string escaped(char32_t c) {
  if (c == U'\n') return "\\n";
  if (c == U'\t') return "\\t";
  if (c == U'\r') return "\\r";
  return c < 0x100 ? fmt::format("\\x{:02x}", static_cast<unsigned>(c))
                   : fmt::format("\\u{:04x}", static_cast<unsigned>(c));
}

} // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = valid_front(text);
    if (length == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    const auto character = text.substr(0, length);
    const auto value = decode(character);
    if (is_steering(value))
      out += escaped(value);
    else
      out += character;
    text.remove_prefix(length);
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = text.find_first_of("\n\t");
    const bool is_whole = end == std::string_view::npos;
    const bool returns = !is_whole && text[end] == '\n' && end > 0 && text[end - 1] == '\r';
    out += printable(text.substr(0, returns ? end - 1 : end));
    if (is_whole) break;
    if (returns) out += '\r';
    out += text[end];
    text.remove_prefix(end + 1);
  }
  return out;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0U) == 0x80U) continue;
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    const bool combining = byte == 0xcc || (byte == 0xcd && next < 0xb0);
    if (!combining) ++count;
  }
  return count;
}

std::string cut(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = std::min(length_of(static_cast<unsigned char>(text[at])), text.size() - at);
    if (columns(text.substr(0, at + length)) > width - 1) break;
    at += length;
    end = at;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::size_t whole_characters(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) break;
    if (byte >= 0xc0) return length_of(byte) > back ? text.size() - back : text.size();
  }
  return text.size();
}

} // namespace fabric::cli
