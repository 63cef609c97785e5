#pragma once

#include "fabric/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// Thin wrappers around what the operating system gives. No state; any thread.
namespace fabric::exec {

/// Owns a file descriptor; -1 is none.
class unique_fd {
public:
  unique_fd() noexcept = default;
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~unique_fd() { reset(); }

  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;
  explicit operator bool() const noexcept { return fd_ >= 0; }

private:
  int fd_ = -1;
};

/// CLOCK_BOOTTIME: goes on while the machine sleeps, never jumps.
std::int64_t boottime_us() noexcept;
/// CLOCK_REALTIME, microseconds since 1970.
std::int64_t wall_time_us() noexcept;

/// The kernel's id of this boot of the machine, 36 characters; "unknown" without /proc.
std::string boot_id();

/// The operating system's words for an errno.
std::string errno_text(int code);

/// errc::io_error "WHAT: words of errno" (errc::disk_full for ENOSPC and EDQUOT).
error system_error(std::string_view what, int code);

/// The first `max` bytes of a file, following no symbolic link in its last component. errc::not_found, errc::io_error.
expected<std::string> read_file(const std::string& path, std::size_t max);

/// Writes everything, however long it takes. False with errno on an error.
bool write_all(int fd, std::string_view bytes) noexcept;

} // namespace fabric::exec
