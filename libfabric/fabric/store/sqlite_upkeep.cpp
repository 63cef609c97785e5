#include "fabric/store/sqlite_upkeep.hpp"

#include <utility>

namespace fabric::store {

sqlite_upkeep::sqlite_upkeep(sqlite_connection& db, shrinker::rules how, steady_clock_fn clock)
    : db_(db), decides_(how), clock_(std::move(clock)), all_(db, "PRAGMA page_count"),
      free_(db, "PRAGMA freelist_count"), vacuum_(db, "PRAGMA incremental_vacuum") {}

std::uint64_t sqlite_upkeep::wanted() {
  const auto count = [](sqlite_statement& of) {
    const auto found = of.with().row() ? of.as<std::uint64_t>(0) : 0;
    of.stop();
    return found;
  };
  return decides_.wanted({count(all_), count(free_)});
}

/// A row of the pragma is a page.
bool sqlite_upkeep::shrink(duration budget) {
  const auto stop_at = clock_() + budget;
  vacuum_.with();
  for (auto left = wanted(); left > 0 && vacuum_.row(); --left) {
    shrank_ = true;
    if (clock_() >= stop_at) break;
  }
  vacuum_.stop();
  return wanted() > 0;
}

bool sqlite_upkeep::rest() {
  ++quiet_;
  if (!shrank_ && quiet_ < 2) return true;
  sqlite3_db_release_memory(db_.raw());
  if (db_.wal_pages() > 0 && !db_.cut_log()) return false;
  shrank_ = false;
  return true;
}

} // namespace fabric::store
