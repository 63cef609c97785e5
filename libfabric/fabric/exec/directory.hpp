#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string_view>

/// Directories that are walked without following links: what is in them is a job's, who may be hostile.
namespace fabric::exec {

using directory_stream = std::unique_ptr<DIR, int (*)(DIR*)>;

/// Below the directory `at`; null, with errno, if it is none or a link.
inline directory_stream open_directory(int at, const char* name) {
  const int fd = ::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR* dir = fd >= 0 ? ::fdopendir(fd) : nullptr;
  if (fd >= 0 && !dir) ::close(fd);
  return {dir, ::closedir};
}

inline bool is_dots(std::string_view name) { return name == "." || name == ".."; }

} // namespace fabric::exec
