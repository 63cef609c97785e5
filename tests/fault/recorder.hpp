#pragma once

#include "tests/fault/shim_vfs.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Writes down all that changes files, in order, with marks between.
namespace fabric::fault {

struct record {
  enum class kind { open, remove, write, truncate, sync, mark };
  kind what = kind::mark;
  std::string path;
  std::int64_t offset = 0; ///< write; the new size of truncate; the number of mark.
  std::string bytes{};
  bool syncs_directory = false;
};

class recorder : public tap {
public:
  /// Notes an instant, for example that a step was acknowledged.
  void mark(std::int64_t number);

  const std::vector<record>& log() const { return log_; }

  /// How often the file was cut to less than had been written of it.
  int cut(const std::string& path) const;

  void succeeded(const call& what) override;

private:
  std::vector<record> log_;
};

/// A recorder of a store that runs with another PRAGMA synchronous than it believes: SQLite is told the `level`, the
/// store reads back FULL. Proves that crash images find what is not synced.
class deceived_recorder : public recorder {
public:
  explicit deceived_recorder(char level) : level_(level) {} ///< '0' OFF, '1' NORMAL.
  std::optional<std::string> on_pragma(std::string_view name, char* argument) override;

private:
  char level_;
};

} // namespace fabric::fault
