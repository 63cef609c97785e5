#pragma once

#include "fabric/error.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

struct sqlite3;

/// One connection to a SQLite file, with the fabric's settings, and what went wrong on it first.
namespace fabric::store {

/// SQLite's words for a failure, and the operating system's.
struct sqlite_failure {
  int code = 0;     ///< Extended result code.
  int os_error = 0; ///< errno behind it; 0 if none.
  std::string message;
};

/// FULL, and IOERR with ENOSPC or EDQUOT: errc::disk_full. BUSY, LOCKED, INTERRUPT: errc::unavailable. All else:
/// errc::io_error.
error as_error(const sqlite_failure& what, const std::string& path);

class sqlite_connection {
public:
  /// The store's own: read-write, creating the file (mode 0600) if it is not there; settings set, read back, compared.
  /// @returns errc::io_error for what is no readable and writable SQLite file or does not take a setting.
  static expected<std::unique_ptr<sqlite_connection>> open_writer(const std::string& path);

  /// A reader's: SQLITE_OPEN_READONLY. Never writes, creates or checkpoints.
  static expected<std::unique_ptr<sqlite_connection>> open_reader(const std::string& path);

  ~sqlite_connection();
  sqlite_connection(const sqlite_connection&) = delete;
  sqlite_connection& operator=(const sqlite_connection&) = delete;

  sqlite3* raw() const { return db_; }
  const std::string& path() const { return path_; }

  /// Runs statements without results. @returns whether all went well; otherwise `failure` is set.
  bool exec(const std::string& sql);

  /// The first value of a query's first row; nullopt when there is none.
  std::optional<std::string> ask(const std::string& sql);
  std::optional<std::int64_t> ask_number(const std::string& sql);

  /// Keeps `code` as the failure unless there is one already. Not for OK, ROW, DONE.
  void note(int code);
  void note(int code, std::string message); ///< Of what SQLite itself finds nothing wrong with.
  bool failed() const { return failure_.has_value(); }
  error failure() const { return as_error(*failure_, path_); }
  void forget_failure() { failure_.reset(); }

  /// Every read that is still at it at this instant ends with INTERRUPT; nullopt: none does. Readers only.
  void set_deadline(std::optional<std::chrono::steady_clock::time_point> when) { deadline_ = when; }

  /// Pages in the write-ahead log after the last commit.
  int wal_pages() const { return wal_pages_; }

  /// Copies the log into the file as far as no reader stands in the way. @returns false on failure; a full disk is
  /// none, since the log keeps what did not fit.
  bool checkpoint();

  /// The same, and cuts the log to nothing, unless somebody reads or writes at this moment: waits for nobody.
  bool cut_log();

  /// How long a statement waits for another connection's lock.
  void set_lock_wait(std::chrono::milliseconds most);

private:
  sqlite_connection(std::string path, sqlite3* db) : path_(std::move(path)), db_(db) {}
  static expected<std::unique_ptr<sqlite_connection>> open(const std::string& path, int flags);
  static int on_progress(void* self);
  bool checkpoint(int mode);
  static int on_wal(void* self, sqlite3* db, const char* schema, int pages);

  std::string path_;
  sqlite3* db_ = nullptr;
  std::optional<sqlite_failure> failure_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::chrono::milliseconds lock_wait_{0};
  int wal_pages_ = 0;
};

} // namespace fabric::store
