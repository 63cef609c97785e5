#include "fabric/store/sqlite_info.hpp"

#include "fabric/store/sqlite_connection.hpp"
#include "fabric/store/sqlite_reader.hpp"
#include "fabric/store/sqlite_schema.hpp"
#include "fabric/store/sqlite_statement.hpp"

#include <sys/stat.h>

namespace fabric::store {

namespace {

std::uint64_t size_of(const std::string& path) {
  struct stat what {};
  return ::stat(path.c_str(), &what) == 0 ? static_cast<std::uint64_t>(what.st_size) : 0;
}

std::uint64_t number(sqlite_connection& db, const std::string& sql) {
  return static_cast<std::uint64_t>(db.ask_number(sql).value_or(0));
}

std::uint64_t meta(sqlite_connection& db, const std::string& name) {
  return number(db, "SELECT value FROM meta WHERE name='" + name + "'");
}

std::optional<oldest_job> oldest_of(sqlite_connection& db) {
  sqlite_statement rows(db, "SELECT id, state, submitted_at FROM jobs WHERE state<5 ORDER BY id LIMIT 1");
  if (!rows.row()) return std::nullopt;
  oldest_job found{rows.as<job_id>(0), rows.as<job_state>(1), rows.as<time_point>(2)};
  rows.stop();
  return found;
}

void read_tables(sqlite_connection& db, store_info& info) {
  info.schema = db.ask_number("PRAGMA user_version").value_or(0);
  info.journal_mode = db.ask("PRAGMA journal_mode").value_or("");
  info.pages = number(db, "PRAGMA page_count");
  info.free_pages = number(db, "PRAGMA freelist_count");
  info.page_size = number(db, "PRAGMA page_size");
  info.closed_cleanly = meta(db, "clean") == 1;
  info.oldest = oldest_of(db);
  info.attempts = number(db, "SELECT count(*) FROM attempts");
  info.events = number(db, "SELECT count(*) FROM events");
  info.fence = meta(db, "fence");
  info.job_mark = meta(db, "job_mark");
  info.event_mark = meta(db, "event_mark");
  info.stale_ends = meta(db, "stale_ends");
}

} // namespace

expected<store_info> describe_store(const std::string& path) {
  store_info info;
  info.path = path;
  info.sqlite = sqlite3_libversion();
  auto db = sqlite_connection::open_reader(path);
  if (!db) return tl::unexpected(db.error());
  if (auto fits = check_version(**db, schema_version); !fits) return tl::unexpected(fits.error());
  (*db)->exec("BEGIN");
  read_tables(**db, info);
  if ((*db)->failed()) return tl::unexpected((*db)->failure());
  auto reader = sqlite_reader::open(path, std::chrono::seconds{10});
  if (!reader) return tl::unexpected(reader.error());
  auto lanes = (*reader)->counts();
  if (!lanes) return tl::unexpected(lanes.error());
  info.lanes = std::move(*lanes);
  info.file_bytes = size_of(path);
  info.log_bytes = size_of(path + "-wal");
  info.reserve_bytes = size_of(path + ".reserve");
  return info;
}

} // namespace fabric::store
