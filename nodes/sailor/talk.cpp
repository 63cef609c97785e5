#include "nodes/sailor/talk.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string_view>

namespace sailor {

namespace {

int progress_fd() {
  const char* number = std::getenv("FABRIC_PROGRESS_FD");
  return number ? std::atoi(number) : -1;
}

/// False once it cannot be said.
bool say(std::string_view text) {
  const int fd = progress_fd();
  while (fd >= 0 && !text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return fd >= 0;
}

} // namespace

void report_progress(std::uint64_t percent) {
  for (std::uint64_t i = 1; i <= std::min<std::uint64_t>(percent, 100); ++i) {
    say("{\"percent\": " + std::to_string(i) +
        ", \"message\": \"at sea\", \"counters\": {\"miles\": " + std::to_string(10 * i) + "}}\n");
    const timespec nap{0, 20'000'000};
    ::nanosleep(&nap, nullptr);
  }
}

int babble(std::uint64_t limit) {
  std::string chunk;
  while (chunk.size() < (64u << 10)) chunk += std::to_string(chunk.size() % 99) + "\n";
  for (std::uint64_t written = 0; written < limit; written += chunk.size())
    if (!say(chunk)) return 1;
  return say("{\"percent\": 99.5, \"message\": \"done talking\"}\n") ? 0 : 1;
}

int garble() {
  std::mt19937 draw{42};
  std::string noise(1u << 20, '\0');
  for (auto& c : noise) c = static_cast<char>(draw());
  const bool said = say(noise) && say("\n{\"percent\": [\n{\"percent\": 1e999, \"counters\": 7}\n\x1b[2J\xff\n") &&
                    say(std::string(8u << 20, '{')) && say("\n77\n");
  return said ? 0 : 1;
}

} // namespace sailor
