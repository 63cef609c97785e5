#include "fabric/exec/proc.hpp"

#include "fabric/exec/system.hpp"

#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace fabric::exec {

namespace {

std::string proc_path(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

// The n-th space-separated word as a number; 0 if it is none.
template <class T> T word(std::string_view text, int n) {
  for (; n > 0; --n) {
    const auto space = text.find(' ');
    if (space == text.npos) return 0;
    text.remove_prefix(space + 1);
  }
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

} // namespace

std::optional<process> parse_stat(std::string_view text) {
  const auto name_end = text.rfind(')'); // the name itself may hold brackets and spaces
  if (name_end == text.npos || text.size() < name_end + 4) return std::nullopt;
  process p;
  p.pid = word<pid_t>(text, 0);
  const auto rest = text.substr(name_end + 2); // state ppid pgrp session …; starttime is field 22 of the whole
  p.state = rest.front();
  p.parent = word<pid_t>(rest, 1);
  p.group = word<pid_t>(rest, 2);
  p.session = word<pid_t>(rest, 3);
  p.start = word<std::uint64_t>(rest, 19);
  if (p.pid <= 0 || p.start == 0) return std::nullopt;
  return p;
}

std::optional<std::uint64_t> parse_kib(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  if (at == text.npos) return std::nullopt;
  auto rest = text.substr(at + name.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::uint64_t kib = 0;
  if (std::from_chars(rest.data(), rest.data() + rest.size(), kib).ec != std::errc{}) return std::nullopt;
  return kib * 1024;
}

std::optional<process> read_process(pid_t pid) {
  const auto text = read_file(proc_path(pid, "stat"), 1024);
  if (!text) return std::nullopt;
  return parse_stat(*text);
}

std::vector<process> all_processes() {
  std::vector<process> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc"), ::closedir);
  if (!dir) return all;
  while (const auto* entry = ::readdir(dir.get())) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    if (auto p = read_process(word<pid_t>(entry->d_name, 0))) all.push_back(*p);
  }
  return all;
}

std::vector<process> descendants(std::span<const process> all, pid_t root, std::span<const pid_t> spare) {
  std::multimap<pid_t, const process*> children;
  for (const auto& p : all) children.emplace(p.parent, &p);
  std::vector<process> found;
  std::set<pid_t> seen{root};
  std::vector<pid_t> todo{root};
  for (std::size_t i = 0; i < todo.size(); ++i) {
    const auto [first, last] = children.equal_range(todo[i]);
    for (auto it = first; it != last; ++it) {
      const auto& child = *it->second;
      if (std::find(spare.begin(), spare.end(), child.pid) != spare.end() || !seen.insert(child.pid).second) continue;
      found.push_back(child);
      todo.push_back(child.pid);
    }
  }
  return found;
}

bool alive(pid_t pid, std::uint64_t start) {
  if (pid <= 0) return false;
  const auto p = read_process(pid);
  return p && p->start == start && !p->gone();
}

bool signal_process(const process& who, int signal) {
  const unique_fd fd(static_cast<int>(::syscall(SYS_pidfd_open, who.pid, 0)));
  if (!fd) return false;
  const auto now = read_process(who.pid); // after the pidfd: it is this very process, or the pidfd is dead
  if (!now || now->start != who.start) return false;
  return ::syscall(SYS_pidfd_send_signal, fd.get(), signal, nullptr, 0) == 0;
}

bool has_environment(pid_t pid, std::string_view entry) {
  const auto text = read_file(proc_path(pid, "environ"), 1u << 20);
  if (!text) return false;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\0'), rest.size());
    if (rest.substr(0, end) == entry) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

} // namespace fabric::exec
