#include "nodes/sailor/voyage.hpp"

#include "nodes/sailor/talk.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

namespace sailor {

namespace {

constexpr std::array<std::string_view, 19> modes{
    "ok",    "exit", "crash", "spin",     "sleep",    "hog",    "flood",  "ignore-term", "stray", "background",
    "chain", "bomb", "files", "big-file", "progress", "babble", "garble", "half-result", "random"};

void rest(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (seconds <= 0 || std::chrono::steady_clock::now() < end) {
    const auto left = std::chrono::duration<double>(end - std::chrono::steady_clock::now()).count();
    const double nap = seconds <= 0 ? 3600 : std::max(left, 0.0);
    timespec t{static_cast<time_t>(nap),
               static_cast<long>((nap - static_cast<double>(static_cast<time_t>(nap))) * 1e9)};
    ::nanosleep(&t, nullptr);
  }
}

int spin(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (volatile std::uint64_t turns = 0; seconds <= 0 || std::chrono::steady_clock::now() < end;) turns = turns + 1;
  return 0;
}

int write_result(std::string_view text) {
  const char* path = std::getenv("FABRIC_RESULT");
  if (!path) return 0;
  std::ofstream out(path, std::ios::trunc);
  out << text << std::flush;
  return out ? 0 : 1;
}

int crash(int number) {
  ::signal(number, SIG_DFL);
  ::raise(number);
  return 1; // a signal that does not kill
}

int hog(std::uint64_t limit, double seconds) {
  constexpr std::size_t step = 1u << 20;
  std::vector<std::unique_ptr<char[]>> held;
  for (std::uint64_t taken = 0; taken < limit; taken += step) {
    held.emplace_back(new char[step]);
    std::memset(held.back().get(), 1, step);
  }
  rest(seconds);
  return 0;
}

int flood(std::uint64_t limit) {
  const std::string line = std::string(1023, '~') + "\n";
  std::string chunk;
  for (int i = 0; i < 64; ++i) chunk += line;
  for (std::uint64_t written = 0; written < limit; written += chunk.size()) {
    const auto size = std::min<std::uint64_t>(chunk.size(), limit - written);
    for (const int fd : {1, 2})
      if (::write(fd, chunk.data(), size) < 0) return 1;
  }
  return 0;
}

// What stays behind holds on to stdout, as careless daemons do.
[[noreturn]] void linger(const char* name, double seconds) {
  const auto end = std::to_string(seconds);
  std::array<const char*, 5> argv{name, "sleep", "--seconds", end.c_str(), nullptr};
  std::array<char*, 1> empty{nullptr};
  ::execve("/proc/self/exe", const_cast<char**>(argv.data()), empty.data());
  ::_exit(127);
}

int stray(double seconds) {
  if (::fork() != 0) return write_result("{\"left\": \"a stray\"}");
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  linger("fabric-sailor-stray", seconds);
}

int background(double seconds) {
  if (::fork() != 0) return write_result("{\"left\": \"a background process\"}");
  rest(seconds);
  ::_exit(0);
}

// Each link lives for moments, in a session of its own, and has forked the next before anybody sees it.
int chain(double seconds) {
  if (::fork() != 0) return rest(seconds), 0;
  for (;;) {
    if (::fork() != 0) ::_exit(0);
    ::setsid();
  }
}

// At most 1023 processes: a bomb that nobody stops must not take the machine along.
int bomb(int generations, double seconds) {
  if (generations % 2 == 0) ::setsid();
  for (int children = 0; generations > 1 && children < 2; ++children)
    if (::fork() == 0) return bomb(generations - 1, seconds);
  rest(seconds);
  return 0;
}

int files(std::uint64_t limit) {
  for (std::uint64_t held = 0; held < limit; ++held)
    if (::open("/dev/null", O_RDONLY) < 0) return ::perror("open"), 1;
  return 0;
}

int big_file(std::uint64_t limit) {
  const int fd = ::open("big-file", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const std::string chunk(64 << 10, '~');
  for (std::uint64_t written = 0; written < limit; written += chunk.size())
    if (::write(fd, chunk.data(), std::min<std::uint64_t>(chunk.size(), limit - written)) < 0)
      return ::perror("write"), 1;
  return 0;
}

int random_voyage(const voyage& v) {
  const auto now = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  const auto seed = v.seed.value_or(now ^ (static_cast<std::uint64_t>(::getpid()) << 32));
  std::mt19937_64 draw(seed);
  voyage picked = v;
  picked.mode = modes[draw() % (modes.size() - 1)];
  const auto line = "seed " + std::to_string(seed) + ": " + picked.mode + "\n";
  [[maybe_unused]] const auto written = ::write(2, line.data(), line.size());
  return sail(picked);
}

template <class T> bool take(const nlohmann::json& j, const char* key, T& into, std::string& flaw) {
  if (!j.contains(key)) return false;
  if (!j[key].is_number() || j[key].get<double>() < 0)
    return flaw = std::string(key) + " is not a number from 0", false;
  into = j[key].get<T>();
  return true;
}

} // namespace

std::string mode_list() {
  std::string list;
  for (const auto mode : modes) list += (list.empty() ? "" : ", ") + std::string(mode);
  return list;
}

bool known(const std::string& mode) { return std::find(modes.begin(), modes.end(), mode) != modes.end(); }

std::string read_input(const std::string& text, voyage& v) {
  const auto j = nlohmann::json::parse(text, nullptr, false);
  if (!j.is_object() || !j.contains("mode") || !j["mode"].is_string())
    return "no MODE given, and stdin is not an object with a \"mode\"";
  v.mode = j["mode"].get<std::string>();
  std::string flaw;
  std::uint64_t seed = 0;
  take(j, "code", v.code, flaw);
  take(j, "signal", v.signal, flaw);
  take(j, "limit", v.limit_bytes, flaw);
  take(j, "seconds", v.seconds, flaw);
  if (take(j, "seed", seed, flaw)) v.seed = seed;
  if (v.code > 255) flaw = "code is over 255";
  if (v.signal < 1 || v.signal > 64) flaw = "signal is not from 1 to 64";
  return flaw;
}

std::string read_argument(const std::string& text, voyage& v) {
  int number = -1;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = failed == std::errc{} && end == text.data() + text.size();
  if (whole && v.mode == "exit" && number >= 0 && number <= 255) return v.code = number, "";
  if (whole && v.mode == "crash" && number >= 1 && number <= 64) return v.signal = number, "";
  return "unexpected argument \"" + text + "\"";
}

int sail(const voyage& v) {
  if (v.mode == "ok") return write_result("{\"sailor\": \"sober\", \"rum\": 0}");
  if (v.mode == "half-result") return write_result("{\"sailor\": \"drunk\", \"rum\": [1, 2,");
  if (v.mode == "exit") return v.code;
  if (v.mode == "crash") return crash(v.signal);
  if (v.mode == "spin") return spin(v.seconds);
  if (v.mode == "hog") return hog(v.limit_bytes ? v.limit_bytes : 256u << 20, v.seconds);
  if (v.mode == "flood") return flood(v.limit_bytes ? v.limit_bytes : 64u << 20);
  if (v.mode == "stray") return stray(v.seconds);
  if (v.mode == "background") return background(v.seconds);
  if (v.mode == "chain") return chain(v.seconds);
  if (v.mode == "bomb") return bomb(10, v.seconds);
  if (v.mode == "files") return files(v.limit_bytes ? v.limit_bytes : 100'000);
  if (v.mode == "big-file") return big_file(v.limit_bytes ? v.limit_bytes : 64u << 20);
  if (v.mode == "babble") return babble(v.limit_bytes ? v.limit_bytes : 64u << 20);
  if (v.mode == "garble") return garble();
  if (v.mode == "random") return random_voyage(v);
  if (v.mode == "ignore-term") ::signal(SIGTERM, SIG_IGN);
  if (v.mode == "ignore-term") [[maybe_unused]]
    const auto said = ::write(1, "ignoring\n", 9);
  if (v.mode == "progress") report_progress(v.limit_bytes ? v.limit_bytes : 10);
  rest(v.seconds);
  return 0;
}

} // namespace sailor
