#include "nodes/cli/text/doctor.hpp"

#include "fabric/bytes_text.hpp"
#include "fabric/config/lanes.hpp"
#include "fabric/time_text.hpp"

#include "nodes/cli/text/human.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace fabric::cli {

namespace {

constexpr int sqlite_needed = 3040000;
constexpr int sqlite_bad[]{3041000, 3041001}; ///< Wrong answers from some indexed queries; fixed in 3.41.2.
constexpr duration slow_fsync = std::chrono::milliseconds{10};
constexpr duration idle_fsync = std::chrono::microseconds{20}; ///< No disk is that fast: nothing was written.
constexpr duration clock_error_max = std::chrono::seconds{1};
constexpr time_point first_release{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}};
constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t files_of_node = 256, files_per_slot = 8, files_usual = 1024;
constexpr std::uint64_t processes_of_node = 128, processes_per_slot = 4;

std::string limit_text(std::uint64_t n) { return n == unlimited ? "unlimited" : human_count(n); }

std::string mebibytes(std::uint64_t bytes) { return fmt::format("{} MiB", human_count(bytes >> 20)); }

finding judge_config(const std::vector<std::string>& problems) {
  if (problems.empty()) return {"configuration", health::ok, "no problems", {}};
  return {"configuration", health::bad, fmt::format("{} problems, first: {}", problems.size(), problems.front()),
          "fabric config check FILE names them all"};
}

finding judge_sqlite(const host_facts& f) {
  const bool bad = f.sqlite < sqlite_needed || std::ranges::find(sqlite_bad, f.sqlite) != std::end(sqlite_bad);
  if (!bad) return {"SQLite", health::ok, f.sqlite_text, {}};
  return {"SQLite", health::bad, f.sqlite_text, "use SQLite 3.40, or 3.41.2 and later"};
}

finding judge_fsync(const disk_facts& disk) {
  const std::string name = "fsync";
  if (!disk.fsync)
    return {name, health::warn, "not measured: " + disk.path + " cannot be written to", "run this as the node's user"};
  const auto what = fmt::format("{} in {}", human_duration(*disk.fsync), disk.path);
  if (disk.in_memory)
    return {name, health::warn, what + ", which is in memory", "what is acknowledged there does not survive a reboot"};
  if (*disk.fsync < idle_fsync)
    return {name, health::warn, what, "too fast to be true: the disk may lose what is acknowledged when power fails"};
  if (*disk.fsync >= slow_fsync)
    return {name, health::warn, what, "each commit waits for it: use a faster disk, or submit in batches"};
  return {name, health::ok, what, {}};
}

finding judge_disk(const std::string& name, const disk_facts& disk, std::uint64_t low) {
  const auto what = fmt::format("{} free in {}", mebibytes(disk.free_bytes), disk.path);
  if (disk.free_bytes < low)
    return {name, health::bad, fmt::format("{}, less than store.disk_low ({})", what, format_bytes(low)),
            "make room: nothing is accepted or started"};
  if (disk.free_bytes < 4 * low) return {name, health::warn, what, "make room: store.disk_low is near"};
  if (!disk.exists) return {name, health::ok, what + "; the directory is made at the first start", {}};
  if (!disk.writable) return {name, health::warn, what, "this user cannot write there: is it the node's?"};
  return {name, health::ok, what, {}};
}

finding judge_inodes(const disk_facts& disk, std::uint64_t low) {
  const std::string name = "inodes of the spool";
  if (!disk.counts_inodes) return {name, health::ok, "not limited", {}};
  const auto what = human_count(disk.free_inodes) + " free";
  if (disk.free_inodes < low)
    return {name, health::bad, fmt::format("{}, fewer than spool.inodes_low ({})", what, human_count(low)),
            "remove files: old attempts are recycled before their age"};
  if (disk.free_inodes < 4 * low) return {name, health::warn, what, "spool.inodes_low is near"};
  return {name, health::ok, what, {}};
}

finding judge_cgroup(const host_facts& f) {
  if (f.cgroup_home.empty())
    return {"cgroup v2", health::warn, "none that can be written to",
            "limits are sampled; as a systemd unit: Delegate=yes"};
  const auto what = fmt::format("{}, controllers: {}", f.cgroup_home, f.controllers.empty() ? "none" : f.controllers);
  if (!f.cgroup_kill)
    return {"cgroup v2", health::warn, what, "without cgroup.kill (Linux 5.14) trees are killed process by process"};
  return {"cgroup v2", health::ok, what, {}};
}

finding judge_subreaper(bool works) {
  if (works) return {"subreaper", health::ok, "works", {}};
  return {"subreaper", health::bad, "the kernel refuses PR_SET_CHILD_SUBREAPER",
          "without it strays of jobs cannot be found: use another kernel or container"};
}

finding judge_clock(const clock_facts& c) {
  if (!c.boottime)
    return {"clock", health::bad, "CLOCK_BOOTTIME is not there or runs behind", "leases need it: use another kernel"};
  const auto what = format_time(c.now);
  if (c.now < first_release) return {"clock", health::bad, what + " lies in the past", "set the clock"};
  if (!c.known) return {"clock", health::ok, what + ", nobody says whether it is synchronised", {}};
  if (!c.synchronised) return {"clock", health::warn, what + ", not synchronised", "run an NTP service"};
  if (c.error > clock_error_max)
    return {"clock", health::warn, fmt::format("{}, off by up to {}", what, human_duration(c.error)),
            "look after the NTP service"};
  return {"clock", health::ok, what + ", synchronised", {}};
}

finding judge_files(const limit_facts& l, std::uint64_t slots) {
  const auto needed = files_of_node + files_per_slot * slots;
  const auto what = fmt::format("{} open files, of {}", limit_text(l.files), l.of);
  const auto remedy = fmt::format("raise LimitNOFILE to {} or more", std::max(needed, files_usual));
  if (l.files < needed) return {"RLIMIT_NOFILE", health::bad, what, remedy};
  if (l.files < files_usual) return {"RLIMIT_NOFILE", health::warn, what, remedy};
  return {"RLIMIT_NOFILE", health::ok, what, {}};
}

finding judge_processes(const limit_facts& l, std::uint64_t slots) {
  const auto needed = processes_of_node + processes_per_slot * slots;
  const auto what = fmt::format("{} processes, of {}", limit_text(l.processes), l.of);
  if (l.processes < needed)
    return {"RLIMIT_NPROC", health::bad, what, fmt::format("raise LimitNPROC to {} or more", needed)};
  return {"RLIMIT_NPROC", health::ok, what, {}};
}

finding judge_core(const limit_facts& l) {
  const auto what = fmt::format("{}; jobs have 0", limit_text(l.core));
  return {"RLIMIT_CORE", health::ok, what, {}};
}

finding judge_memory(const host_facts& f, std::uint64_t low) {
  const auto what = mebibytes(f.memory_available) + " available";
  if (f.memory_available < low)
    return {"memory", health::bad, fmt::format("{}, less than node.memory_low ({})", what, format_bytes(low)),
            "nothing new is started: make room, or lower it"};
  return {"memory", health::ok, what, {}};
}

finding judge_user(const host_facts& f, const config::root& config) {
  if (!f.is_root) return {"user", health::ok, "not root", {}};
  if (config.node.allow_root) return {"user", health::ok, "root, as allowed", {}};
  return {"user", health::warn, "root", "fabricd refuses it: use an account of its own, or set node.allow_root"};
}

finding judge_certificate(const certificate_state& one, time_point now) {
  if (!one.wrong.empty()) return {one.name, health::bad, one.wrong, "nobody gets in with it: replace it, or chmod it"};
  const auto how = tls::standing_of(one.valid, now);
  const auto what = fmt::format("{}, good until {}", one.place, format_time(one.valid.until).substr(0, 10));
  const auto remedy = one.renews_itself ? "start fabricd: it renews it" : "issue another: fabric ca issue";
  switch (how) {
  case tls::standing::good: return {one.name, health::ok, what, {}};
  case tls::standing::near_end:
    return {one.name, one.renews_itself ? health::ok : health::warn, what, one.renews_itself ? "" : remedy};
  case tls::standing::over: return {one.name, health::bad, what, remedy};
  case tls::standing::not_yet:
    return {one.name, health::bad, fmt::format("{}, not before {}", what, format_time(one.valid.from)),
            "set the clock of this host, or of the one that made it"};
  }
  return {one.name, health::bad, what, remedy};
}

void judge_classes(const host_facts& f, std::vector<finding>& out) {
  for (const auto& one : f.classes)
    out.push_back({"class " + one.name, one.wrong.empty() ? health::ok : health::bad,
                   one.wrong.empty() ? "can run here" : one.wrong,
                   one.wrong.empty() ? "" : "install it, or switch the class off with \"enabled\": false"});
}

} // namespace

std::vector<finding> judge(const host_facts& f, const config::root& config) {
  const auto slots = std::uint64_t{config::slots_on_node(config)};
  std::vector<finding> all{judge_config(f.config_problems),
                           judge_user(f, config),
                           judge_sqlite(f),
                           judge_disk("disk of the store", f.store, config.store.disk_low),
                           judge_fsync(f.store),
                           judge_disk("disk of the spool", f.spool, config.store.disk_low),
                           judge_inodes(f.spool, config.spool.inodes_low),
                           judge_memory(f, config.node.memory_low),
                           judge_cgroup(f),
                           judge_subreaper(f.subreaper),
                           judge_clock(f.clock),
                           judge_files(f.limits, slots),
                           judge_processes(f.limits, slots),
                           judge_core(f.limits)};
  if (f.certificates.empty()) all.push_back({"certificates", health::ok, "none yet: the first start makes them", {}});
  for (const auto& one : f.certificates) all.push_back(judge_certificate(one, f.clock.now));
  judge_classes(f, all);
  return all;
}

health worst(const std::vector<finding>& all) {
  auto found = health::ok;
  for (const auto& one : all) found = std::max(found, one.how);
  return found;
}

std::string_view to_string(health h) {
  switch (h) {
  case health::ok: return "ok";
  case health::warn: return "warn";
  case health::bad: return "bad";
  }
  return "bad";
}

nlohmann::json findings_json(const std::vector<finding>& all) {
  auto list = nlohmann::json::array();
  for (const auto& one : all)
    list.push_back({{"name", one.name},
                    {"health", to_string(one.how)},
                    {"what", one.what},
                    {"remedy", one.remedy.empty() ? nlohmann::json() : nlohmann::json(one.remedy)}});
  return {{"health", to_string(worst(all))}, {"findings", std::move(list)}};
}

} // namespace fabric::cli
