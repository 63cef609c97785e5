#include "nodes/cli/text/progress_line.hpp"

#include "nodes/cli/text/human.hpp"
#include "nodes/cli/text/printable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fabric::cli {

namespace {

constexpr std::size_t bar_width = 20;

std::string counts(const progress_state& p) {
  std::string text = p.total > 0 ? fmt::format("{} of {} {}", human_count(p.done), human_count(p.total), p.verb)
                                 : fmt::format("{} {}", human_count(p.done), p.verb);
  if (p.failed > 0) text += fmt::format(", {} failed", human_count(p.failed));
  if (p.elapsed >= 1s) text += ", " + human_duration(p.elapsed);
  if (p.elapsed >= 2s && p.done > 0 && p.done < p.total) {
    const double each = static_cast<double>(p.elapsed.count()) / static_cast<double>(p.done);
    const auto left = duration{static_cast<std::int64_t>(each * static_cast<double>(p.total - p.done))};
    text += ", " + human_duration(left) + " left";
  }
  return text;
}

std::string bar(const progress_state& p) {
  const auto done = std::min(p.done, p.total);
  // Divided first, so that no count can overflow.
  const double part = static_cast<double>(done) / static_cast<double>(p.total);
  const auto full = done == p.total ? bar_width : static_cast<std::size_t>(part * bar_width);
  const auto percent = done == p.total ? 100 : static_cast<int>(part * 100);
  return fmt::format("[{}{}] {:3}%  ", std::string(full, '#'), std::string(bar_width - full, '.'), percent);
}

} // namespace

std::string render_progress(const progress_state& p, std::size_t width) {
  const auto text = counts(p);
  if (p.total == 0) return cut(text, std::max<std::size_t>(width, 1));
  const auto drawn = bar(p);
  return drawn.size() + columns(text) <= width ? drawn + text : cut(text, std::max<std::size_t>(width, 1));
}

} // namespace fabric::cli
