#include "nodes/cli/commands.hpp"
#include "nodes/cli/log_follower.hpp"

#include <algorithm>
#include <thread>

namespace fabric::cli {

namespace {

constexpr auto pause_min = std::chrono::milliseconds{50};
constexpr auto pause_max = std::chrono::milliseconds{400};

} // namespace

exit_code logs(session& s) {
  log_follower log(s, s.call.ids.front(), s.call.attempt, s.call.from_stderr, false);
  auto pause = pause_min;
  while (!log.finished()) {
    const auto moved = log.step();
    if (!moved) return s.failed(moved.error());
    if (*moved) {
      pause = pause_min;
      continue;
    }
    if (!s.call.follow) break;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, pause_max);
  }
  return done;
}

} // namespace fabric::cli
