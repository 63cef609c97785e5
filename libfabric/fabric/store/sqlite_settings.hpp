#pragma once

#include "fabric/error.hpp"

namespace fabric::store {

class sqlite_connection;

/// Size of the write-ahead log above which the store checkpoints after a commit.
inline constexpr int wal_bytes = 16 << 20;
inline constexpr int page_bytes = 4096;

/// WAL, synchronous=FULL, foreign keys, cell checks, untrusted schema, no mmap, no automatic checkpoint; each read
/// back. For a new file also auto_vacuum=INCREMENTAL: see gives_pages_back.
/// @returns errc::io_error naming the setting that did not take, or what SQLite says of the file.
expected<void> apply_writer_settings(sqlite_connection& db);

/// Takes effect in an empty file, or with the next VACUUM.
bool have_pages_given_back(sqlite_connection& db);

/// Whether the file's free pages can be given back (auto_vacuum=INCREMENTAL): set when it is created, or by a
/// migration.
bool gives_pages_back(sqlite_connection& db);

/// The same for a connection that only reads: no mmap, untrusted schema, query_only.
expected<void> apply_reader_settings(sqlite_connection& db);

} // namespace fabric::store
