#include "fabric/store/sqlite_connection.hpp"

#include "fabric/store/sqlite_settings.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace fabric::store {

namespace {

/// SQLite creates files by the umask; ours belong to the fabric's user alone. The log and the index inherit the mode.
expected<void> create_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(errc::io_error, std::strerror(errno), path);
  ::close(fd);
  return {};
}

} // namespace

error as_error(const sqlite_failure& what, const std::string& path) {
  const int primary = what.code & 0xff;
  const bool no_space = what.os_error == ENOSPC || what.os_error == EDQUOT;
  errc code = errc::io_error;
  if (primary == SQLITE_FULL || (primary == SQLITE_IOERR && no_space)) code = errc::disk_full;
  if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_INTERRUPT) code = errc::unavailable;
  std::string message = what.message;
  if (primary == SQLITE_INTERRUPT) message = "the question took too long to answer; ask for less at once";
  if (what.os_error != 0) message += std::string(" (") + std::strerror(what.os_error) + ")";
  return {code, message, path};
}

expected<std::unique_ptr<sqlite_connection>> sqlite_connection::open(const std::string& path, int flags) {
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (db == nullptr) return fail(errc::io_error, "out of memory", path);
  std::unique_ptr<sqlite_connection> made(new sqlite_connection(path, db));
  if (code != SQLITE_OK) {
    made->note(code);
    return tl::unexpected(made->failure());
  }
  return made;
}

expected<std::unique_ptr<sqlite_connection>> sqlite_connection::open_writer(const std::string& path) {
  if (auto created = create_private(path); !created) return tl::unexpected(created.error());
  auto made = open(path, SQLITE_OPEN_READWRITE);
  if (!made) return made;
  if (auto set = apply_writer_settings(**made); !set) return tl::unexpected(set.error());
  sqlite3_wal_hook((*made)->db_, &on_wal, made->get()); // The setting wal_autocheckpoint takes away any hook.
  return made;
}

expected<std::unique_ptr<sqlite_connection>> sqlite_connection::open_reader(const std::string& path) {
  auto made = open(path, SQLITE_OPEN_READONLY);
  if (!made) return made;
  sqlite3_progress_handler((*made)->db_, 1000, &on_progress, made->get());
  if (auto set = apply_reader_settings(**made); !set) return tl::unexpected(set.error());
  return made;
}

sqlite_connection::~sqlite_connection() { sqlite3_close(db_); }

int sqlite_connection::on_progress(void* self) {
  const auto& deadline = static_cast<sqlite_connection*>(self)->deadline_;
  return deadline && std::chrono::steady_clock::now() >= *deadline ? 1 : 0;
}

int sqlite_connection::on_wal(void* self, sqlite3*, const char*, int pages) {
  static_cast<sqlite_connection*>(self)->wal_pages_ = pages;
  return SQLITE_OK;
}

void sqlite_connection::note(int code, std::string message) {
  if (!failure_) failure_ = sqlite_failure{code, 0, std::move(message)};
}

void sqlite_connection::note(int code) {
  if (failure_) return;
  note(code, sqlite3_errmsg(db_));
  if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) failure_->os_error = sqlite3_system_errno(db_);
}

bool sqlite_connection::exec(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) note(code);
  return code == SQLITE_OK;
}

std::optional<std::string> sqlite_connection::ask(const std::string& sql) {
  std::optional<std::string> answer;
  const auto take = [](void* out, int columns, char** values, char**) {
    auto& slot = *static_cast<std::optional<std::string>*>(out);
    if (!slot && columns > 0 && values[0] != nullptr) slot = values[0];
    return 0;
  };
  const int code = sqlite3_exec(db_, sql.c_str(), take, &answer, nullptr);
  if (code != SQLITE_OK) note(code);
  return answer;
}

std::optional<std::int64_t> sqlite_connection::ask_number(const std::string& sql) {
  const auto text = ask(sql);
  if (!text) return std::nullopt;
  return std::strtoll(text->c_str(), nullptr, 10);
}

void sqlite_connection::set_lock_wait(std::chrono::milliseconds most) {
  lock_wait_ = most;
  sqlite3_busy_timeout(db_, static_cast<int>(most.count()));
}

bool sqlite_connection::checkpoint() { return checkpoint(SQLITE_CHECKPOINT_PASSIVE); }

bool sqlite_connection::cut_log() {
  sqlite3_busy_timeout(db_, 0);
  const bool well = checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  set_lock_wait(lock_wait_);
  return well;
}

bool sqlite_connection::checkpoint(int mode) {
  const int code = sqlite3_wal_checkpoint_v2(db_, nullptr, mode, nullptr, nullptr);
  if (code == SQLITE_OK && mode == SQLITE_CHECKPOINT_TRUNCATE) wal_pages_ = 0;
  if (code == SQLITE_OK || code == SQLITE_BUSY) return true;
  sqlite_failure what{code, (code & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(db_) : 0, {}};
  if (as_error(what, path_).code == errc::disk_full) return true;
  note(code);
  return false;
}

} // namespace fabric::store
