#pragma once

#include "fabric/error.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The tables, and how an older file becomes the newest. An operator may read them: `sqlite3 -readonly`.
namespace fabric::store {

class sqlite_connection;

/// Brings a file from version `to - 1` to `to`. Append, never change one that was released.
struct migration {
  std::int64_t to = 0;
  std::string_view sql;
  bool rewrites = false; ///< First the whole file is written anew (VACUUM), which takes as much space again.
};

/// All of them, from an empty file (version 0) to `schema_version`.
std::span<const migration> migrations();

inline constexpr std::int64_t schema_version = 5;

/// Marks a SQLite file as a fabric's store (PRAGMA application_id).
inline constexpr std::int64_t application_id = 0x4a464142; // "JFAB"

/// What can be said of a file without SQLite, which would change it: errc::io_error for another program's database in
/// rollback mode. A store is in WAL mode before anything is in it. Ok for all else, also if it cannot be read.
expected<void> refuse_foreign_file(const std::string& path);

/// Migrates the file to the last of `steps`, each in a transaction of its own. Before the first step, a file that holds
/// a store already is copied to <path>.before-v<last>; a copy left by a migration that crashed is replaced.
/// Asserts then that the file gives pages back.
/// @returns the version found. errc::incompatible if it is newer than `steps` know; errc::io_error if the file is
///          another program's, or the copy or a step failed; errc::disk_full.
expected<std::int64_t> migrate(sqlite_connection& db, std::span<const migration> steps);

/// What migrate does without changing anything, for a reader: errc::incompatible unless the file is at `version`.
expected<void> check_version(sqlite_connection& db, std::int64_t version);

} // namespace fabric::store
