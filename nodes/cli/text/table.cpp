#include "nodes/cli/text/table.hpp"

#include "nodes/cli/text/printable.hpp"

#include <algorithm>
#include <cassert>

namespace fabric::cli {

namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t last_column_min = 8; ///< A terminal too narrow for the table lets it wrap instead.

std::string padding(std::size_t have, std::size_t want) { return std::string(want > have ? want - have : 0, ' '); }

} // namespace

void table::add(std::vector<table_cell> row) {
  assert(row.size() == columns_.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i].text = printable(row[i].text);
    if (columns_[i].width_max > 0) row[i].text = cut(row[i].text, columns_[i].width_max);
  }
  rows_.push_back(std::move(row));
}

std::vector<std::size_t> table::widths(std::size_t limit) const {
  std::vector<std::size_t> out;
  std::size_t before_last = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = columns(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, columns(row[i].text));
    out.push_back(width);
    if (i + 1 < columns_.size()) before_last += width + gap;
  }
  if (limit > 0 && !out.empty() && before_last + last_column_min <= limit)
    out.back() = std::min(out.back(), limit - before_last);
  return out;
}

std::string table::render(const style& how, std::size_t width) const {
  const auto all = widths(width);
  std::string out;
  const auto line = [&](const auto& cell_of) {
    std::string text;
    std::size_t owed = 0; // Spaces that are written only if something follows.
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto [content, shown_in] = cell_of(i);
      const auto fitting = cut(content, std::max<std::size_t>(all[i], 1));
      const auto space = padding(columns(fitting), all[i]).size();
      if (!fitting.empty()) {
        text += std::string(owed + (columns_[i].right ? space : 0), ' ') + how.paint(shown_in, fitting);
        owed = columns_[i].right ? 0 : space;
      } else {
        owed += space;
      }
      owed += gap;
    }
    out += text + "\n";
  };
  line([&](std::size_t i) { return table_cell{columns_[i].title, colour::bold}; });
  for (const auto& row : rows_) line([&](std::size_t i) { return row[i]; });
  return out;
}

} // namespace fabric::cli
