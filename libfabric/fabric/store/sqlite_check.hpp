#pragma once

#include "fabric/error.hpp"

#include <cstddef>
#include <string>
#include <vector>

/// Whether a store is what it should be: the file, as SQLite sees it, and the rules that its tables keep among them.
namespace fabric::store {

class sqlite_connection;

/// One place where a rule does not hold.
struct violation {
  std::string rule; ///< For example "a running job has its last attempt open".
  std::string what; ///< For example "job 17".

  bool operator==(const violation&) const = default;
};

enum class check_depth { quick, full }; ///< PRAGMA quick_check, or integrity_check, which also reads every index.

inline constexpr std::size_t violations_max = 20; ///< Shown per rule; what is beyond is not looked for.

/// Checks the file first, and the tables' rules only if it is sound; all in one read transaction, so that a running
/// fabric may go on writing. Meanwhile its log cannot begin anew.
/// @returns what is wrong, in the order of the rules; an error only if it could not be checked.
expected<std::vector<violation>> check_store(sqlite_connection& db, check_depth depth);

} // namespace fabric::store
