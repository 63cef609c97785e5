#include "fabric/exec/output_cap.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>

#include <algorithm>

namespace fabric::exec {

namespace {
constexpr std::uint64_t block = 4096; // holes are made of whole blocks
}

std::uint64_t output_cap::look() noexcept {
  struct stat info {};
  if (fd_ < 0 || ::fstat(fd_, &info) != 0) return 0;
  const auto now = static_cast<std::uint64_t>(info.st_size);
  if (now < size_) cut_ = cut_end_ = 0; // the job truncated it
  const auto grown = now > size_ ? now - size_ : 0;
  size_ = now;
  if (max_ == 0 || now <= max_) return grown;
  const auto begin = (max_ / 2 + block - 1) / block * block;
  const auto end = (now - max_ / 2) / block * block;
  // Re-punching what is a hole already costs next to nothing; from the old end would leave nothing out either.
  const auto from = std::max(begin, cut_end_);
  if (end <= from) return grown;
  if (::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from),
                  static_cast<off_t>(end - from)) == 0) {
    cut_ += end - from;
    cut_end_ = end;
  }
  return grown;
}

} // namespace fabric::exec
