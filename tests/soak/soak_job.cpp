#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

/// `fabric-soak-job MODE MILLISECONDS`: a job that leaves a trace of when it was alive, for tests/soak/checker.py.
///
/// It and what it forks append lines {"e", "job", "attempt", "fence", "node", "boot", "pid", "boot_ns", "wall_us"} to
/// $SOAK_HISTORY: "start" first of all, "beat" every 20 ms, "end" last. "boot" is the host's boot id. One write() each,
/// so that lines of many processes never mix.
/// Shares no code with the fabric.
///
/// MODE        what it does
/// ok          runs for the time, writes a result that carries its fence, exits 0
/// stubborn    the same, deaf to SIGTERM
/// background  the same, and leaves a child that beats on
/// stray       the same, and leaves a daemon (two forks, a session of its own, deaf to SIGTERM) that beats on
/// ghost       as stray, and the daemon has wiped its environment
/// flaky       exits 1 in its first attempt, then as ok
/// checkpoint  exits 85 in its first attempt, then as ok
/// fail, crash runs for the time, then exits 1, or aborts
namespace {

constexpr long beat_ms = 20;
constexpr long left_behind_ms = 60'000;

std::int64_t nanoseconds(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "0";
}

/// The id of this boot of the host; empty if the kernel does not tell.
std::string boot() {
  char text[37] = "";
  const int fd = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  const auto size = ::read(fd, text, 36);
  ::close(fd);
  return {text, size > 0 ? static_cast<std::size_t>(size) : 0};
}

class trace {
public:
  trace()
      : names_(std::string("\"job\":") + variable("FABRIC_JOB_ID") + ",\"attempt\":" + variable("FABRIC_ATTEMPT") +
               ",\"fence\":" + variable("FABRIC_FENCE") + ",\"node\":\"" + variable("FABRIC_NODE_NAME") +
               "\",\"boot\":\"" + boot() + "\""),
        fd_(::open(variable("SOAK_HISTORY"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ < 0) ::_exit(66);
  }

  void line(const char* event) const {
    char text[256];
    const int size =
        std::snprintf(text, sizeof text, "{\"e\":\"%s\",%s,\"pid\":%d,\"boot_ns\":%lld,\"wall_us\":%lld}\n", event,
                      names_.c_str(), static_cast<int>(::getpid()), static_cast<long long>(nanoseconds(CLOCK_BOOTTIME)),
                      static_cast<long long>(nanoseconds(CLOCK_REALTIME) / 1000));
    if (::write(fd_, text, static_cast<std::size_t>(size)) != size) ::_exit(66);
  }

  void durable_line(const char* event) const {
    line(event);
    ::fdatasync(fd_);
  }

private:
  std::string names_; ///< As they were at the start: a ghost has no environment to look into.
  int fd_;
};

void beat_for(const trace& to, long milliseconds) {
  const auto end = nanoseconds(CLOCK_BOOTTIME) + std::int64_t{milliseconds} * 1'000'000;
  for (auto left = end - nanoseconds(CLOCK_BOOTTIME); left > 0; left = end - nanoseconds(CLOCK_BOOTTIME)) {
    const timespec nap{0, static_cast<long>(left < beat_ms * 1'000'000 ? left : beat_ms * 1'000'000)};
    ::nanosleep(&nap, nullptr);
    to.line("beat");
  }
}

/// Nobody who looks into /proc finds the fabric's variables in this process from now on.
void wipe_environment() {
  for (char** at = environ; *at != nullptr; ++at) std::memset(*at, 0, std::strlen(*at));
}

void leave_behind(const trace& to, std::string_view mode) {
  if (::fork() != 0) return;
  if (mode != "background") {
    ::setsid();
    ::signal(SIGTERM, SIG_IGN);
    if (mode == "ghost") wipe_environment();
    if (::fork() != 0) ::_exit(0);
  }
  beat_for(to, left_behind_ms);
  ::_exit(0);
}

bool write_result() {
  const auto text = std::string("{\"job\": ") + variable("FABRIC_JOB_ID") +
                    ", \"attempt\": " + variable("FABRIC_ATTEMPT") + ", \"fence\": " + variable("FABRIC_FENCE") + "}";
  std::FILE* out = std::fopen(variable("FABRIC_RESULT"), "w");
  return out != nullptr && std::fputs(text.c_str(), out) >= 0 && std::fclose(out) == 0;
}

} // namespace

int main(int argc, char** argv) {
  const trace history;
  history.durable_line("start");
  if (argc != 3) return 64;
  const std::string_view mode = argv[1];
  const bool first = std::strcmp(variable("FABRIC_ATTEMPT"), "1") == 0;
  if (mode == "stubborn") ::signal(SIGTERM, SIG_IGN);
  if (mode == "background" || mode == "stray" || mode == "ghost") leave_behind(history, mode);
  beat_for(history, std::atol(argv[2]));
  int code = 0;
  if (mode == "fail" || (mode == "flaky" && first)) code = 1;
  if (mode == "checkpoint" && first) code = 85;
  if (mode == "crash") ::abort();
  if (code == 0 && !write_result()) code = 74;
  history.durable_line("end");
  return code;
}
