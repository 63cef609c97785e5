#include "fabric/store/owner_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fabric::store {

namespace {

std::string holder(int fd) {
  std::array<char, 32> text{};
  const auto size = ::pread(fd, text.data(), text.size(), 0);
  std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  pid = pid.substr(0, pid.find('\n'));
  return pid.empty() ? "another process" : "process " + pid;
}

} // namespace

expected<void> make_private_directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return {};
  const auto directory = path.substr(0, slash);
  if (::mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return fail(errc::io_error, std::strerror(errno), directory);
}

expected<owner_lock> owner_lock::take(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(errc::io_error, std::strerror(errno), path);
  owner_lock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(errc::wrong_state, "the store belongs to " + holder(fd), path);
    return fail(errc::io_error, std::strerror(errno), path);
  }
  // Only for the message above: a full disk that keeps the pid out does not weaken the lock.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) == 0) [[maybe_unused]]
    const auto written = ::pwrite(fd, pid.data(), pid.size(), 0);
  return lock;
}

owner_lock::owner_lock(owner_lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

owner_lock& owner_lock::operator=(owner_lock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

owner_lock::~owner_lock() {
  if (fd_ >= 0) ::close(fd_);
}

} // namespace fabric::store
