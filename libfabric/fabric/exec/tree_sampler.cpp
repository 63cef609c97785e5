#include "fabric/exec/tree_sampler.hpp"

#include "fabric/exec/proc.hpp"
#include "fabric/exec/system.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>

namespace fabric::exec {

namespace {

std::string proc_path(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

void add_children(const std::string& task, std::vector<pid_t>& out) {
  const auto text = read_file(task + "/children", 1u << 16);
  if (!text) return;
  const char* at = text->data();
  const char* const end = at + text->size();
  for (pid_t pid = 0; at < end; ++at) {
    const auto [next, failed] = std::from_chars(at, end, pid);
    if (failed != std::errc{}) return;
    out.push_back(pid);
    at = next; // a space follows
  }
}

/// Children hang on the thread that forked them.
void add_children_of_all_threads(pid_t pid, std::vector<pid_t>& out) {
  const auto tasks = proc_path(pid, "task");
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(tasks.c_str()), ::closedir);
  while (const auto* entry = dir ? ::readdir(dir.get()) : nullptr)
    if (entry->d_name[0] != '.') add_children(tasks + "/" + entry->d_name, out);
}

std::uint64_t exact_memory(pid_t pid, std::uint64_t otherwise) {
  const auto text = read_file(proc_path(pid, "smaps_rollup"), 4096);
  return text ? parse_pss(*text).value_or(otherwise) : otherwise;
}

const std::uint64_t page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
const std::int64_t tick_us = 1'000'000 / ::sysconf(_SC_CLK_TCK);

} // namespace

std::optional<process_usage> parse_usage(std::string_view stat) {
  const auto name_end = stat.rfind(')'); // the name itself may hold brackets and spaces
  if (name_end == stat.npos) return std::nullopt;
  std::array<std::uint64_t, 22> words{}; // from the state on, which is field 3 of the whole
  std::size_t n = 0;
  for (auto rest = stat.substr(name_end + 1); n < words.size() && !rest.empty() && rest.front() == ' '; ++n) {
    rest.remove_prefix(1);
    std::from_chars(rest.data(), rest.data() + rest.size(), words[n]);
    rest.remove_prefix(std::min(rest.find(' '), rest.size()));
  }
  if (n < words.size()) return std::nullopt;
  return process_usage{words[21], std::max<std::uint64_t>(words[17], 1), words[11] + words[12] + words[13] + words[14]};
}

std::optional<std::uint64_t> parse_pss(std::string_view rollup) { return parse_kib(rollup, "\nPss:"); }

std::vector<pid_t> pids_below(pid_t root, std::size_t max) {
  std::vector<pid_t> found;
  add_children_of_all_threads(root, found);
  for (std::size_t i = 0; i < found.size() && found.size() < max; ++i) add_children_of_all_threads(found[i], found);
  if (found.size() > max) found.resize(max);
  return found;
}

tree_sample sample_tree(pid_t root, std::int64_t reaped_us, bool exactly, std::size_t processes_max) {
  tree_sample sum;
  sum.exact = exactly;
  sum.cpu_us = reaped_us;
  for (const pid_t pid : pids_below(root, processes_max)) {
    const auto text = read_file(proc_path(pid, "stat"), 1024);
    const auto use = text ? parse_usage(*text) : std::nullopt;
    if (!use) continue;
    const auto rss = use->rss_pages * page_bytes;
    sum.memory += exactly ? exact_memory(pid, rss) : rss;
    sum.processes += use->threads;
    sum.cpu_us += static_cast<std::int64_t>(use->cpu_ticks) * tick_us;
  }
  return sum;
}

} // namespace fabric::exec
