#pragma once

#include "fabric/error.hpp"

#include <string>

/// One owner per store: a lock that the system drops when its process ends, however it ends.
namespace fabric::store {

/// Makes the directory that `path` is in, for its user alone (0700), unless it is there. Its parent must exist.
/// @returns errc::io_error.
expected<void> make_private_directory_of(const std::string& path);

class owner_lock {
public:
  /// Takes the lock file (made with mode 0600) and writes this process's pid into it.
  /// @returns errc::wrong_state naming the pid of the holder; errc::io_error.
  static expected<owner_lock> take(const std::string& path);

  owner_lock(owner_lock&& other) noexcept;
  owner_lock& operator=(owner_lock&& other) noexcept;
  ~owner_lock();

private:
  explicit owner_lock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

} // namespace fabric::store
