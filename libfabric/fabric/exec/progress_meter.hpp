#pragma once

#include "fabric/exec/bounds.hpp"
#include "fabric/job/progress.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What a job says through its progress pipe. Pure: instants are microseconds of CLOCK_BOOTTIME.
///
/// Of the lines of any second bounds::progress_lines are kept; of those that are too many the last one, as soon as
/// there is room. So the newest is always seen in the end, and a flood costs no more than looking for its newlines.
namespace fabric::exec {

/// The newest state, and how it came about.
struct progress_said {
  std::string state;      ///< JSON: that of job/progress.hpp, with "lines" that came and "kept" of them.
  std::int64_t at_us = 0; ///< When the newest line of it was said.
};

class progress_meter {
public:
  /// Bytes of the pipe. @returns how many lines they completed; empty ones are signs of life too.
  std::uint64_t hear(std::string_view bytes, std::int64_t now);

  /// Nothing follows: what has no newline yet is a line, and the newest line is kept.
  void finish(std::int64_t now);

  /// What is new, at most once per bounds::progress_pace; nullopt: nothing to tell now.
  std::optional<progress_said> news(std::int64_t now);

  /// When news() may have something that it did not tell yet; 0: never.
  std::int64_t next_due() const;

  /// What is known now; nullopt: no line was kept.
  std::optional<progress_said> newest() const;

private:
  bool has_room(std::int64_t now) const;
  std::string_view skip_to_last(std::string_view bytes);
  void extend(std::string_view bytes);
  void take(std::int64_t now);
  void keep(std::string_view line, std::int64_t said_at, std::int64_t now);

  job_progress state_;
  std::int64_t at_ = 0;
  std::string line_;                   ///< Begun; cut at bounds::progress_line.
  std::optional<std::string> waiting_; ///< The newest, for which there was no room.
  std::int64_t waiting_at_ = 0;        ///< When it was said.
  std::uint64_t lines_ = 0;
  std::uint64_t kept_ = 0;
  std::array<std::int64_t, bounds::progress_lines> kept_at_{}; ///< The newest, as a ring.
  bool changed_ = false;
  std::int64_t told_at_ = 0;
};

} // namespace fabric::exec
