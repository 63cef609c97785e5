#include "fabric/store/sqlite_copy.hpp"

#include "fabric/store/sqlite_connection.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fabric::store {

namespace {

bool sync(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  return synced;
}

} // namespace

bool sync_directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return sync(slash == std::string::npos ? "." : path.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
}

expected<void> copy_store(sqlite_connection& db, const std::string& to) {
  std::string quoted;
  for (const char c : to) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  const auto old_mask = ::umask(0077);
  const bool copied = db.exec("VACUUM INTO '" + quoted + "'");
  ::umask(old_mask);
  if (!copied) return tl::unexpected(db.failure());
  if (!sync(to, O_RDONLY) || !sync_directory_of(to)) return fail(errc::io_error, "the copy could not be synced", to);
  return {};
}

} // namespace fabric::store
