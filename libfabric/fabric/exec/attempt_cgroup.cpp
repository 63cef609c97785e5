#include "fabric/exec/attempt_cgroup.hpp"

#include "fabric/exec/cgroup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>
#include <utility>

namespace fabric::exec {

attempt_cgroup::attempt_cgroup(const std::string& slot, const node::attempt_limits& limits) {
  const bool memory = limits.memory != 0 && shares_controller(slot, "memory");
  const bool processes = limits.processes != 0 && shares_controller(slot, "pids");
  if (!memory && !processes) return;
  const auto path = slot + "/job";
  ::rmdir(path.c_str()); // One left over would bring its counters along.
  if (::mkdir(path.c_str(), 0755) != 0 && (errno != EEXIST || cgroup_populated(path))) return;
  path_ = path;
  // All or nothing: half a tree killed by the kernel would leave the other half to guess. Swap would only delay it.
  memory_ = memory && set("memory.max", std::to_string(limits.memory)) && set("memory.oom.group", "1");
  if (memory_) set("memory.swap.max", "0");
  processes_ = processes && set("pids.max", std::to_string(limits.processes));
  door_.reset(::open((path + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (door_ && (memory_ || processes_)) return;
  *this = attempt_cgroup();
  ::rmdir(path.c_str());
}

attempt_cgroup::attempt_cgroup(attempt_cgroup&& other) noexcept { *this = std::move(other); }

attempt_cgroup& attempt_cgroup::operator=(attempt_cgroup&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(door_, other.door_);
  std::swap(memory_, other.memory_);
  std::swap(processes_, other.processes_);
  return *this;
}

attempt_cgroup::~attempt_cgroup() {
  if (!path_.empty()) ::rmdir(path_.c_str());
}

void attempt_cgroup::correct(tree_sample& sample) const {
  if (!any()) return;
  if (memory_) {
    sample.memory = number("memory.current");
    sample.exact = true;
    sample.out_of_memory = entry("memory.events", "oom_kill") != 0;
  }
  if (processes_) {
    sample.processes = number("pids.current");
    sample.out_of_forks = entry("pids.events", "max") != 0;
  }
  if (const auto used = entry("cpu.stat", "usage_usec"); used != 0) sample.cpu_us = static_cast<std::int64_t>(used);
}

std::uint64_t attempt_cgroup::memory_peak() const { return memory_ ? number("memory.peak") : 0; }

bool attempt_cgroup::set(const char* file, const std::string& value) const {
  const unique_fd fd(::open((path_ + "/" + file).c_str(), O_WRONLY | O_CLOEXEC));
  return fd && write_all(fd.get(), value);
}

std::uint64_t attempt_cgroup::number(const char* file) const {
  std::istringstream text(read_file(path_ + "/" + file, 64).value_or(""));
  std::uint64_t value = 0;
  text >> value;
  return value;
}

std::uint64_t attempt_cgroup::entry(const char* file, const char* key) const {
  std::istringstream text(read_file(path_ + "/" + file, 4096).value_or(""));
  std::string name;
  std::uint64_t value = 0;
  while (text >> name >> value)
    if (name == key) return value;
  return 0;
}

} // namespace fabric::exec
