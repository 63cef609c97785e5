#include "fabric/store/sqlite_backup.hpp"

#include "fabric/store/sqlite_connection.hpp"
#include "fabric/store/sqlite_copy.hpp"
#include "fabric/store/sqlite_schema.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fabric::store {

expected<std::uint64_t> back_up(const std::string& path, const std::string& to) {
  if (::access(to.c_str(), F_OK) == 0) return fail(errc::wrong_state, "exists already; nothing is overwritten", to);
  auto db = sqlite_connection::open_reader(path);
  if (!db) return tl::unexpected(db.error());
  if (auto fits = check_version(**db, schema_version); !fits) return tl::unexpected(fits.error());
  (*db)->exec("PRAGMA query_only=OFF"); // It minds the new file, too; the store itself is opened read-only.
  const auto part = to + ".part";
  // Whoever makes this file is the only one at it; a backup that was killed left one.
  const int fd = ::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST)
    return fail(errc::wrong_state, "another backup is at it, or was killed: remove it then", part);
  if (fd < 0) return fail(errc::io_error, std::strerror(errno), part);
  ::close(fd);
  const auto give_up = [&](error why) {
    ::unlink(part.c_str());
    return tl::unexpected(std::move(why));
  };
  if (auto copied = copy_store(**db, part); !copied) return give_up(copied.error());
  struct stat what {};
  ::stat(part.c_str(), &what);
  // A link, unlike a rename, replaces nothing that came to be there meanwhile.
  if (::link(part.c_str(), to.c_str()) != 0) return give_up({errc::io_error, std::strerror(errno), to});
  ::unlink(part.c_str());
  if (!sync_directory_of(to)) return fail(errc::io_error, "the directory could not be synced", to);
  return static_cast<std::uint64_t>(what.st_size);
}

} // namespace fabric::store
