#pragma once

#include "fabric/exec/progress_meter.hpp"
#include "fabric/exec/system.hpp"

#include <cstdint>
#include <optional>

/// The pipe through which a job tells its keeper how far it is. It is read whatever the job writes and whoever holds
/// its other end. The keeper holds that too, so that no end of it is ever heard of: what ends an attempt is its
/// processes.
namespace fabric::exec {

class progress_pipe {
public:
  /// Makes the pipe. False with errno.
  bool open();

  /// For the job.
  int write_end() const noexcept { return out_.get(); }
  /// To be polled; -1: not now.
  int read_end() const noexcept { return resume_us_ != 0 ? -1 : in_.get(); }

  /// Reads some of what is there. @returns whether the job has shown a sign of life.
  bool listen(std::int64_t now);
  /// The same if a pause is over.
  bool tick(std::int64_t now) { return resume_us_ != 0 && now >= resume_us_ && listen(now); }
  /// Reads the rest.
  void finish(std::int64_t now);

  std::optional<progress_said> news(std::int64_t now) { return meter_.news(now); }
  std::optional<progress_said> newest() const { return meter_.newest(); }
  /// CLOCK_BOOTTIME instant at which there is something to do for tick() or news(); 0: none.
  std::int64_t next_due() const;

private:
  bool read_some(std::int64_t now);

  unique_fd in_;
  unique_fd out_;
  progress_meter meter_;
  std::uint64_t lines_ = 0;    ///< Since listen() was called.
  std::int64_t resume_us_ = 0; ///< A flood is read again then; 0: there is none.
};

} // namespace fabric::exec
