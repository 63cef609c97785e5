#pragma once

#include "nodes/cli/text/style.hpp"

#include <cstddef>
#include <string>
#include <vector>

/// Aligned columns. Pure.
namespace fabric::cli {

struct table_column {
  std::string title;
  bool right = false;        ///< Numbers.
  std::size_t width_max = 0; ///< Longer cells are cut, with "…"; 0: never.
};

struct table_cell {
  std::string text; ///< Escaped by the table; see printable().
  colour shown_in = colour::none;
};

/// Two spaces between columns, a line per row, no space at the end of a line.
class table {
public:
  explicit table(std::vector<table_column> all) : columns_(std::move(all)) {}

  /// @pre a cell per column (asserted).
  void add(std::vector<table_cell> row);
  bool empty() const { return rows_.empty(); }

  /// @param width of the terminal: the last column is cut to it. 0: no limit.
  std::string render(const style& how, std::size_t width = 0) const;

private:
  std::vector<std::size_t> widths(std::size_t limit) const;

  std::vector<table_column> columns_;
  std::vector<std::vector<table_cell>> rows_;
};

} // namespace fabric::cli
