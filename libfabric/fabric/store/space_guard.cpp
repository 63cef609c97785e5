#include "fabric/store/space_guard.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <utility>

namespace fabric::store {

namespace {

constexpr auto check_every = std::chrono::milliseconds{200};

} // namespace

std::optional<std::uint64_t> free_space(const std::string& path) {
  struct statvfs what {};
  if (::statvfs(path.c_str(), &what) != 0) return std::nullopt;
  return std::uint64_t{what.f_bavail} * what.f_frsize;
}

space_guard::space_guard(settings how) : how_(std::move(how)) { is_low(); }

bool space_guard::has_reserve() const {
  struct stat what {};
  return ::stat(how_.reserve_path.c_str(), &what) == 0 && static_cast<std::uint64_t>(what.st_size) == how_.reserve;
}

bool space_guard::is_low() {
  const auto now = how_.clock();
  if (checked_ && now - *checked_ < check_every) return low_;
  checked_ = now;
  const auto slash = how_.reserve_path.rfind('/');
  const auto free_bytes = how_.free(slash == std::string::npos ? "." : how_.reserve_path.substr(0, slash + 1));
  if (!free_bytes) return low_;
  low_ = *free_bytes < how_.low;
  if (!low_) make_reserve(*free_bytes);
  return low_;
}

void space_guard::make_reserve(std::uint64_t free_bytes) {
  if (how_.reserve == 0 || has_reserve() || free_bytes < how_.low + how_.reserve) return;
  const int fd = ::open(how_.reserve_path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return;
  const bool made = ::posix_fallocate(fd, 0, static_cast<off_t>(how_.reserve)) == 0;
  ::close(fd);
  if (!made) ::unlink(how_.reserve_path.c_str());
}

bool space_guard::release() {
  checked_.reset();
  return ::unlink(how_.reserve_path.c_str()) == 0;
}

} // namespace fabric::store
