#pragma once

#include "fabric/job/limits.hpp"

#include <string_view>

/// What may be called what. Pure.
namespace fabric {

/// Returns whether `text` may name a class, lane, node or label key: [A-Za-z0-9_.-]{1,64}.
constexpr bool is_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > limits::name_bytes) return false;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '.' && c != '-') return false;
  }
  return true;
}

/// Returns whether `text` is free of control characters (below 0x20, and 0x7f), which could split lines, steer a
/// terminal or end a C string early.
constexpr bool is_printable(std::string_view text) noexcept {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

} // namespace fabric
