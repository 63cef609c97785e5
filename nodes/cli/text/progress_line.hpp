#pragma once

#include "fabric/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

/// The line that shows how far something is. Pure.
namespace fabric::cli {

struct progress_state {
  std::string verb;        ///< "submitted", "finished".
  std::uint64_t done = 0;  ///< `failed` included.
  std::uint64_t total = 0; ///< 0: not known, as when reading from a pipe.
  std::uint64_t failed = 0;
  duration elapsed{};
};

/// "[#######.............]  36%  1,234 of 3,456 finished, 2 failed, 12.3 s, 20.1 s left", at most `width` columns: the
/// bar goes first when there is no room. The time left is shown from 2 s on, if it can be told.
std::string render_progress(const progress_state& p, std::size_t width);

} // namespace fabric::cli
