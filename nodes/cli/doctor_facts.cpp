#include "nodes/cli/doctor_facts.hpp"

#include "fabric/exec/cgroup.hpp"
#include "fabric/exec/launch.hpp"
#include "fabric/exec/system.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

namespace fabric::cli {

namespace {

namespace fs = std::filesystem;

constexpr int fsyncs = 21;

duration now_of(clockid_t clock) {
  timespec t{};
  if (::clock_gettime(clock, &t) != 0) return duration{-1};
  return std::chrono::duration_cast<duration>(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

/// Median time of a small write that is on disk.
std::optional<duration> measure_fsync(const std::string& directory) {
  auto path = directory + "/.doctor-XXXXXX";
  const exec::unique_fd file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file) return std::nullopt;
  ::unlink(path.c_str());
  const std::string block(4096, 'x');
  std::array<duration, fsyncs> took{};
  for (auto& one : took) {
    const auto begin = now_of(CLOCK_MONOTONIC);
    if (::pwrite(file.get(), block.data(), block.size(), 0) < 0 || ::fdatasync(file.get()) != 0) return std::nullopt;
    one = now_of(CLOCK_MONOTONIC) - begin;
  }
  std::ranges::nth_element(took, took.begin() + fsyncs / 2);
  return took[fsyncs / 2];
}

disk_facts look_at_disk(const std::string& wanted) {
  disk_facts facts;
  std::error_code ignored;
  auto path = fs::absolute(wanted, ignored);
  facts.exists = fs::exists(path, ignored);
  while (!fs::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
  facts.path = path.string();
  facts.writable = ::access(path.c_str(), W_OK) == 0;
  struct statfs what {};
  if (::statfs(path.c_str(), &what) != 0) return facts;
  facts.in_memory = what.f_type == TMPFS_MAGIC || what.f_type == RAMFS_MAGIC;
  facts.free_bytes = std::uint64_t{what.f_bavail} * static_cast<std::uint64_t>(what.f_bsize);
  facts.free_inodes = what.f_ffree;
  facts.counts_inodes = what.f_files != 0;
  return facts;
}

/// The root has no such file: a cgroup below it tells.
bool has_kill(const std::string& home) {
  const auto probe = exec::make_cgroup(home, "doctor-" + std::to_string(::getpid()));
  const bool has = !probe.empty() && ::access((probe + "/cgroup.kill").c_str(), W_OK) == 0;
  exec::remove_cgroup(probe);
  return has;
}

clock_facts look_at_clock() {
  clock_facts facts;
  facts.boottime = now_of(CLOCK_BOOTTIME) >= now_of(CLOCK_MONOTONIC) && now_of(CLOCK_BOOTTIME) > duration{0};
  facts.now = time_point{now_of(CLOCK_REALTIME)};
  timex state{};
  const int kind = ::adjtimex(&state);
  facts.known = kind >= 0;
  facts.synchronised = kind >= 0 && kind != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  facts.error = std::chrono::microseconds(state.maxerror);
  return facts;
}

/// The fabricd that owns the store, if one runs; its own limits count.
pid_t owner_of(const std::string& data) {
  pid_t pid = 0;
  std::ifstream(data + "/store.db.lock") >> pid;
  std::string name;
  if (pid > 0) std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
  return name == "fabricd" ? pid : 0;
}

limit_facts look_at_limits(const std::string& data) {
  limit_facts facts;
  const auto pid = owner_of(data);
  bool of_owner = pid != 0;
  const auto soft = [&](__rlimit_resource what) {
    rlimit limit{};
    if (::prlimit(of_owner ? pid : 0, what, nullptr, &limit) != 0) {
      of_owner = false;
      ::prlimit(0, what, nullptr, &limit);
    }
    return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<std::uint64_t>::max() : std::uint64_t{limit.rlim_cur};
  };
  facts.files = soft(RLIMIT_NOFILE);
  facts.processes = soft(RLIMIT_NPROC);
  facts.core = soft(RLIMIT_CORE);
  facts.of = of_owner ? "fabricd (process " + std::to_string(pid) + ")" : "this shell; a service may have others";
  return facts;
}

std::uint64_t memory_available() {
  std::ifstream lines("/proc/meminfo");
  std::string name, unit;
  for (std::uint64_t kib = 0; lines >> name >> kib; std::getline(lines, unit))
    if (name == "MemAvailable:") return kib << 10;
  return 0;
}

class_facts look_at_class(const std::string& name, const config::job_class& one) {
  if (!exec::is_executable(one.command.at(0))) return {name, one.command[0] + " is no executable here"};
  if (!one.user.empty() && ::getpwnam(one.user.c_str()) == nullptr) return {name, "no user " + one.user + " here"};
  return {name, {}};
}

} // namespace

host_facts examine_host(const config::root& config, const std::string& data, const std::string& tls) {
  host_facts facts;
  facts.sqlite = sqlite3_libversion_number();
  facts.sqlite_text = sqlite3_libversion();
  facts.subreaper = ::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
  facts.cgroup_home = exec::cgroup_home();
  if (!facts.cgroup_home.empty()) {
    facts.cgroup_kill = has_kill(facts.cgroup_home);
    std::getline(std::ifstream(facts.cgroup_home + "/cgroup.controllers"), facts.controllers);
  }
  facts.is_root = ::geteuid() == 0;
  facts.memory_available = memory_available();
  facts.store = look_at_disk(data);
  facts.store.fsync = measure_fsync(facts.store.path);
  facts.spool = look_at_disk(data + "/spool");
  facts.clock = look_at_clock();
  facts.limits = look_at_limits(data);
  facts.certificates = look_at_certificates(tls);
  for (const auto& [name, one] : config.classes)
    if (one.enabled && !one.command.empty()) facts.classes.push_back(look_at_class(name, one));
  return facts;
}

} // namespace fabric::cli
