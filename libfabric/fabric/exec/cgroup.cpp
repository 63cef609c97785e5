#include "fabric/exec/cgroup.hpp"

#include "fabric/exec/system.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <sstream>

namespace fabric::exec {

namespace {

constexpr std::string_view prefix = "fabric-slot-";

bool ours(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash != path.npos && path.compare(slash + 1, prefix.size(), prefix) == 0;
}

// Where its keeper lives once it hands controllers on.
std::string keepers_part(const std::string& path) {
  auto part = path + "/keeper";
  return ::access(part.c_str(), F_OK) == 0 ? part : std::string();
}

bool has_word(const std::string& file, std::string_view word) {
  std::istringstream words(read_file(file, 4096).value_or(""));
  for (std::string one; words >> one;)
    if (one == word) return true;
  return false;
}

bool write_to(const std::string& path, std::string_view text) {
  const unique_fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && write_all(fd.get(), text);
}

// Hands on what there is of the controllers that limits need.
void hand_on(const std::string& path) {
  for (const auto* controller : {"memory", "pids", "cpu"})
    if (has_word(path + "/cgroup.controllers", controller))
      write_to(path + "/cgroup.subtree_control", std::string("+") + controller);
}

bool hands_on(const std::string& path) { return shares_controller(path, "memory") || shares_controller(path, "pids"); }

bool delegated(const std::string& path) {
  for (const char* mark : {"user.delegate", "trusted.delegate"}) {
    char value = 0;
    if (::getxattr(path.c_str(), mark, &value, 1) == 1 && value == '1') return true;
  }
  return false;
}

void kill_all_in(const std::string& path) {
  if (write_to(path + "/cgroup.kill", "1")) return;
  // Before Linux 5.14.
  const auto list = read_file(path + "/cgroup.procs", 1u << 20);
  std::istringstream pids(list.value_or(""));
  for (pid_t pid = 0; pids >> pid;)
    if (pid > 1 && pid != ::getpid()) ::kill(pid, SIGKILL);
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
  hand_on(home); // Only the root's may while it has processes.
  const auto above = home.substr(0, home.rfind('/'));
  if (hands_on(home) || !delegated(above)) return home;
  hand_on(above);
  return hands_on(above) ? above : home;
}

std::string make_cgroup(const std::string& home, const std::string& name) {
  if (home.empty()) return {};
  auto path = home + "/" + std::string(prefix) + name;
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return {};
  return path;
}

void share_out_controllers(const std::string& path) {
  const auto offered = path + "/cgroup.controllers";
  if (!ours(path) || (!has_word(offered, "memory") && !has_word(offered, "pids"))) return;
  ::mkdir((path + "/keeper").c_str(), 0755);
  hand_on(path);
}

bool shares_controller(const std::string& path, std::string_view controller) {
  return has_word(path + "/cgroup.subtree_control", controller);
}

bool enter_cgroup(const std::string& path) {
  const auto part = keepers_part(path);
  return write_to((part.empty() ? path : part) + "/cgroup.procs", "0");
}

bool leave_cgroup(const std::string& path) {
  if (!ours(path)) return false;
  auto refuge = path.substr(0, path.rfind('/'));
  if (!keepers_part(path).empty()) {
    refuge = path + "/refuge";
    ::mkdir(refuge.c_str(), 0755);
  }
  return write_to(refuge + "/cgroup.procs", "0");
}

bool cgroup_populated(const std::string& path) {
  if (path.empty()) return false;
  const auto events = read_file(path + "/cgroup.events", 4096);
  return events && events->find("populated 1") != events->npos;
}

void kill_cgroup(const std::string& path) {
  if (!ours(path)) return;
  const auto part = keepers_part(path);
  kill_all_in(part.empty() ? path : part);
  if (!part.empty()) kill_all_in(path + "/job");
}

void remove_cgroup(const std::string& path) {
  if (!ours(path) || ::rmdir(path.c_str()) == 0) return;
  for (const auto* inner : {"/job", "/refuge", "/keeper"}) ::rmdir((path + inner).c_str());
  ::rmdir(path.c_str());
}

} // namespace fabric::exec
