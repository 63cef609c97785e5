#pragma once

#include "fabric/node/attempt_limits.hpp"
#include "fabric/node/orders.hpp"

#include <cstdint>

/// When a process tree is over its limits, from samples of it. Pure: instants are microseconds of CLOCK_BOOTTIME.
///
/// It asks for a sample every bounds::limit_check, and for the next one sooner if at its pace the tree would be over a
/// limit by then. Memory whose sum counts shared pages more than once never condemns: a sum over the limit is taken
/// again exactly first.
namespace fabric::exec {

/// What a tree takes at one instant.
struct tree_sample {
  std::uint64_t memory = 0;    ///< Bytes.
  bool exact = true;           ///< False: pages that processes share are counted in each of them.
  std::uint64_t processes = 0; ///< With threads.
  std::int64_t cpu_us = 0;     ///< Of the living and of those already reaped.
  bool out_of_memory = false;  ///< The kernel has killed for the memory limit.
  bool out_of_forks = false;   ///< The kernel has refused a fork for the number of processes.
};

struct limit_action {
  stop_reason stop = stop_reason::none; ///< memory, processes: kill at once; cpu: ask softly.
  bool measure_exactly = false;         ///< Sample the memory again, exactly, now.

  bool operator==(const limit_action&) const = default;
};

/// The most that was seen.
struct limit_peaks {
  std::uint64_t memory = 0;
  std::uint64_t processes = 0;
  std::int64_t cpu_us = 0;
};

class limit_watch {
public:
  limit_watch() = default; ///< Watches nothing.
  limit_watch(const node::attempt_limits& limits, std::int64_t now);

  /// Names each limit once; memory before processes before cpu.
  limit_action see(const tree_sample& sample, std::int64_t now);

  /// When the next sample is due; 0: never.
  std::int64_t next_due() const noexcept { return next_; }
  const limit_peaks& peaks() const noexcept { return peaks_; }

private:
  bool hurries(const tree_sample& s, std::int64_t now) const;
  stop_reason judge(const tree_sample& s);

  node::attempt_limits limits_;
  limit_peaks peaks_;
  tree_sample last_;
  std::int64_t last_at_ = 0;
  std::int64_t next_ = 0;
  bool cpu_said_ = false;
};

} // namespace fabric::exec
