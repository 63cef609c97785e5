#include "fabric/exec/cgroup.hpp"

#include "fabric/exec/system.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

namespace fabric::exec {

namespace {

constexpr std::string_view prefix = "fabric-slot-";

bool ours(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash != path.npos && path.compare(slash + 1, prefix.size(), prefix) == 0;
}

bool write_to(const std::string& path, std::string_view text) {
  const unique_fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && write_all(fd.get(), text);
}

} // namespace

std::string cgroup_home_from(const std::string& mountinfo, const std::string& own) {
  std::string inside;
  std::istringstream groups(own);
  for (std::string line; std::getline(groups, line);)
    if (line.rfind("0::", 0) == 0) inside = line.substr(3);
  if (inside.empty()) return {};
  std::istringstream mounts(mountinfo);
  for (std::string line; std::getline(mounts, line);) {
    // id parent dev root mount-point options … - type source options
    std::istringstream words(line);
    std::string id, parent, device, root, point, word, type;
    words >> id >> parent >> device >> root >> point;
    while (words >> word && word != "-") {
    }
    if (!(words >> type) || type != "cgroup2") continue;
    if (root != "/" && inside.rfind(root, 0) != 0) continue; // our cgroup is not below what is mounted here
    const auto below = root == "/" ? inside : inside.substr(root.size());
    return below == "/" || below.empty() ? point : point + below;
  }
  return {};
}

std::string cgroup_home() {
  const auto mountinfo = read_file("/proc/self/mountinfo", 1u << 20);
  const auto own = read_file("/proc/self/cgroup", 1u << 16);
  if (!mountinfo || !own) return {};
  const auto home = cgroup_home_from(*mountinfo, *own);
  if (home.empty() || ::access(home.c_str(), W_OK) != 0) return {};
  return home;
}

std::string make_cgroup(const std::string& home, const std::string& name) {
  if (home.empty()) return {};
  auto path = home + "/" + std::string(prefix) + name;
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return {};
  return path;
}

bool enter_cgroup(const std::string& path) { return write_to(path + "/cgroup.procs", "0"); }

bool leave_cgroup(const std::string& path) { return ours(path) && enter_cgroup(path.substr(0, path.rfind('/'))); }

bool cgroup_populated(const std::string& path) {
  if (path.empty()) return false;
  const auto events = read_file(path + "/cgroup.events", 4096);
  return events && events->find("populated 1") != events->npos;
}

void kill_cgroup(const std::string& path) {
  if (!ours(path)) return;
  if (write_to(path + "/cgroup.kill", "1")) return;
  // Before Linux 5.14.
  const auto list = read_file(path + "/cgroup.procs", 1u << 20);
  std::istringstream pids(list.value_or(""));
  for (pid_t pid = 0; pids >> pid;)
    if (pid > 1 && pid != ::getpid()) ::kill(pid, SIGKILL);
}

void remove_cgroup(const std::string& path) {
  if (ours(path)) ::rmdir(path.c_str());
}

} // namespace fabric::exec
