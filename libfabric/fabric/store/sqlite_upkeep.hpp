#pragma once

#include "fabric/store/pruner.hpp"
#include "fabric/store/shrinker.hpp"
#include "fabric/store/sqlite_statement.hpp"

/// What a store's file needs from time to time: its free pages given back, its log cut, unused memory freed.
/// Failures: see sqlite_statement.
namespace fabric::store {

class sqlite_upkeep {
public:
  sqlite_upkeep(sqlite_connection& db, shrinker::rules how, steady_clock_fn clock);

  /// Whether `shrink` would give pages back.
  bool may_shrink() { return wanted() > 0; }

  /// Gives free pages back, at least one if any is to go, until `budget` is spent. In a transaction; the file is
  /// shorter once the log was copied into it. @returns whether there are more.
  bool shrink(duration budget);

  /// There were operations: the store does not rest.
  void note_use() { quiet_ = 0; }

  /// Call it when nothing else is left to do. After a shrinking, or the second time in a row without operations
  /// between, the log is copied and cut to nothing, and SQLite's page cache freed. @returns false on failure.
  bool rest();

private:
  std::uint64_t wanted();

  sqlite_connection& db_;
  shrinker decides_;
  steady_clock_fn clock_;
  sqlite_statement all_, free_, vacuum_;
  int quiet_ = 0; ///< Calls of `rest` since the last operations.
  bool shrank_ = false;
};

} // namespace fabric::store
