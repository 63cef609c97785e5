#include "fabric/store/sqlite_settings.hpp"

#include "fabric/store/sqlite_connection.hpp"

#include <span>
#include <string>
#include <string_view>

namespace fabric::store {

namespace {

struct setting {
  std::string_view name;
  std::string_view value;
  std::string_view reads_as;
};

/// page_size comes first: it only takes while the file is empty.
constexpr setting of_writer[]{
    {"page_size", "4096", "4096"},
    {"busy_timeout", "2000", "2000"}, // an operator's own connection may hold a lock for a moment
    {"journal_mode", "WAL", "wal"},
    {"synchronous", "FULL", "2"},
    {"foreign_keys", "ON", "1"},
    {"cell_size_check", "ON", "1"},
    {"trusted_schema", "OFF", "0"},
    {"mmap_size", "0", "0"},
    {"wal_autocheckpoint", "0", "0"},
    {"journal_size_limit", "67108864", "67108864"},
    {"secure_delete", "OFF", "0"}, // Debian's SQLite overwrites what it deletes otherwise: twice the writing
    {"cache_size", "-65536", "-65536"},
    {"temp_store", "MEMORY", "2"},
};

constexpr setting of_reader[]{{"busy_timeout", "200", "200"},  {"cell_size_check", "ON", "1"},
                              {"trusted_schema", "OFF", "0"},  {"mmap_size", "0", "0"},
                              {"query_only", "ON", "1"},       {"temp_store", "MEMORY", "2"},
                              {"cache_size", "-8192", "-8192"}};

expected<void> apply(sqlite_connection& db, std::span<const setting> settings) {
  for (const auto& one : settings) {
    const std::string pragma = "PRAGMA " + std::string(one.name);
    db.exec(pragma + "=" + std::string(one.value));
    const auto reads = db.ask(pragma);
    if (db.failed()) return tl::unexpected(db.failure());
    // A build without mmap answers nothing.
    const bool absent = !reads && one.name == "mmap_size";
    if (!absent && reads != one.reads_as)
      return fail(errc::io_error,
                  "SQLite setting " + std::string(one.name) + " reads back as " + reads.value_or("nothing") + ", not " +
                      std::string(one.reads_as),
                  db.path());
  }
  return {};
}

} // namespace

/// auto_vacuum too must come before the first page. In a file that is there it would be written, even where it is so.
expected<void> apply_writer_settings(sqlite_connection& db) {
  if (db.ask_number("PRAGMA page_count") == 0) have_pages_given_back(db);
  return apply(db, of_writer);
}

bool have_pages_given_back(sqlite_connection& db) { return db.exec("PRAGMA auto_vacuum=INCREMENTAL"); }

bool gives_pages_back(sqlite_connection& db) { return db.ask_number("PRAGMA auto_vacuum") == 2; }

expected<void> apply_reader_settings(sqlite_connection& db) { return apply(db, of_reader); }

} // namespace fabric::store
