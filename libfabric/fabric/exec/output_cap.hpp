#pragma once

#include <cstdint>

/// Keeps a job's output file within its cap by punching out the middle: the first and the last half stay.
namespace fabric::exec {

/// The file must be one that the job appends to. Watches by looking: call look() now and then.
class output_cap {
public:
  output_cap() = default;
  /// @param max bytes kept on disk; 0: no limit.
  output_cap(int fd, std::uint64_t max) noexcept : fd_(fd), max_(max) {}

  /// Cuts if the file has outgrown its cap. @returns bytes that it grew since the last look.
  std::uint64_t look() noexcept;

  std::uint64_t size() const noexcept { return size_; } ///< All that was written, as of the last look.
  std::uint64_t cut() const noexcept { return cut_; }   ///< Of these, how many are gone.

private:
  int fd_ = -1;
  std::uint64_t max_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t cut_ = 0;
  std::uint64_t cut_end_ = 0;
};

} // namespace fabric::exec
