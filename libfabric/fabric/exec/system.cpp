#include "fabric/exec/system.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace fabric::exec {

namespace {

std::int64_t clock_us(clockid_t which) noexcept {
  timespec t{};
  ::clock_gettime(which, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000 + t.tv_nsec / 1000;
}

} // namespace

void unique_fd::reset(int fd) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

std::int64_t boottime_us() noexcept { return clock_us(CLOCK_BOOTTIME); }
std::int64_t wall_time_us() noexcept { return clock_us(CLOCK_REALTIME); }

std::string boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id", 36);
  return text && text->size() == 36 ? *text : "unknown";
}

std::string errno_text(int code) { return std::generic_category().message(code); }

error system_error(std::string_view what, int code) {
  const bool full = code == ENOSPC || code == EDQUOT;
  return {full ? errc::disk_full : errc::io_error, std::string(what) + ": " + errno_text(code), {}};
}

expected<std::string> read_file(const std::string& path, std::size_t max) {
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) {
    if (errno == ENOENT) return fail(errc::not_found, "no such file", path);
    return tl::unexpected(system_error("cannot open " + path, errno));
  }
  std::string text(max, '\0');
  std::size_t have = 0;
  while (have < max) {
    const auto n = ::read(fd.get(), text.data() + have, max - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tl::unexpected(system_error("cannot read " + path, errno));
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  text.resize(have);
  return text;
}

bool write_all(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

} // namespace fabric::exec
