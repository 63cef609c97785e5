#include "fabric/exec/progress_pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace fabric::exec {

namespace {

constexpr std::size_t pipe_bytes = 64 << 10; ///< What a pipe holds unless somebody has enlarged it.
constexpr int last_reads = 32;               ///< Somebody outside of the tree might write for ever.

} // namespace

bool progress_pipe::open() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  in_.reset(ends[0]);
  out_.reset(ends[1]);
  return ::fcntl(in_.get(), F_SETFL, O_NONBLOCK) == 0;
}

/// @returns whether there may be more.
bool progress_pipe::read_some(std::int64_t now) {
  std::array<char, pipe_bytes> bytes;
  const auto n = in_ ? ::read(in_.get(), bytes.data(), bytes.size()) : 0;
  if (n <= 0) return false;
  lines_ += meter_.hear({bytes.data(), static_cast<std::size_t>(n)}, now);
  return static_cast<std::size_t>(n) == bytes.size();
}

bool progress_pipe::listen(std::int64_t now) {
  lines_ = 0;
  // A job that fills it faster than it is read waits for moments; read at once, it would cost as much as it takes
  // itself.
  resume_us_ = read_some(now) ? now + bounds::flood_pause : 0;
  return lines_ > 0;
}

void progress_pipe::finish(std::int64_t now) {
  for (int i = 0; i < last_reads && read_some(now); ++i) {
  }
  meter_.finish(now);
}

std::int64_t progress_pipe::next_due() const {
  const auto news = meter_.next_due();
  if (resume_us_ == 0) return news;
  return news == 0 ? resume_us_ : std::min(news, resume_us_);
}

} // namespace fabric::exec
