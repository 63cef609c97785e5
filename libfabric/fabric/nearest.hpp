#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// "Did you mean …?" for unknown keys, classes and lanes. Pure.
namespace fabric {

/// Returns the candidate with the smallest edit distance to `word` (insert, delete, replace or swap of neighbours; case
/// does not count), if that distance is at most 2 or a third of the longer of the two, and less than its whole length.
/// The first of equals. Words over 64 bytes have no near candidate.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string_view> candidates);
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// The end of an error sentence: "; did you mean \"lane\"?" or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

} // namespace fabric
