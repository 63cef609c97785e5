#include "fabric/nearest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace fabric {

namespace {

constexpr std::size_t word_bytes_max = 64; ///< Bounds the work on untrusted keys; names are no longer.

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Optimal string alignment distance, by rows. @pre both at most word_bytes_max long.
std::size_t distance(std::string_view a, std::string_view b) {
  using row = std::array<std::size_t, word_bytes_max + 1>;
  row before_last{}, last{}, now{};
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        now[j] = std::min(now[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = now;
  }
  return last[b.size()];
}

template <class String>
std::optional<std::string> nearest_of(std::string_view word, std::span<const String> candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = word_bytes_max + 1;
  if (word.size() > word_bytes_max) return best;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > word_bytes_max) continue;
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t allowed = std::max<std::size_t>(2, longer / 3);
    const std::size_t d = distance(word, candidate);
    // A distance of the whole length would offer any short word for any other.
    if (d <= allowed && d < longer && d < best_distance) {
      best = std::string(candidate);
      best_distance = d;
    }
  }
  return best;
}

template <class String> std::string hint(std::string_view word, std::span<const String> candidates) {
  const auto near = nearest_of(word, candidates);
  return near ? "; did you mean \"" + *near + "\"?" : std::string();
}

} // namespace

std::optional<std::string> nearest(std::string_view word, std::span<const std::string_view> candidates) {
  return nearest_of(word, candidates);
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  return nearest_of(word, candidates);
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  return hint(word, candidates);
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  return hint(word, candidates);
}

} // namespace fabric
