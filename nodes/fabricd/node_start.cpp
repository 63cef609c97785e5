#include "nodes/fabricd/node_start.hpp"

#include "fabric/config/classes.hpp"
#include "fabric/config/lanes.hpp"
#include "fabric/exec/system.hpp"
#include "fabric/store/memory_store.hpp"
#include "fabric/store/sqlite_reader.hpp"
#include "fabric/store/sqlite_store.hpp"

#include <spdlog/spdlog.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace fabric::nodes {

namespace {

constexpr auto count_limit = std::chrono::minutes{1}; ///< For the jobs of each lane, at the start.

/// Jobs of other users must reach their attempts' directories below; they cannot list what else is here, nor read it.
std::optional<error> let_others_pass(const config::root& config, mode_t mode) {
  if ((mode & 0111) == 0111 || chmod(config.node.data.c_str(), (mode & 07777) | 0111) == 0) return std::nullopt;
  return exec::system_error("cannot let the classes' users pass through " + config.node.data, errno);
}

} // namespace

std::optional<error> prepare_data(const config::root& config) {
  umask(077);
  std::error_code failed;
  std::filesystem::create_directories(config.node.data, failed);
  if (failed) return error{errc::io_error, failed.message(), config.node.data};
  struct stat info {};
  if (stat(config.node.data.c_str(), &info) != 0) return exec::system_error(config.node.data, errno);
  if (info.st_uid != geteuid()) return error{errc::not_allowed, "belongs to another user", config.node.data};
  if (config::has_users(config)) return let_others_pass(config, info.st_mode);
  return std::nullopt;
}

std::optional<error> open_store(const config::root& config, const data_paths& paths, spdlog::logger& log,
                                outside& out) {
  if (config.store.kind == "memory") {
    const auto memory = std::make_shared<store::memory_store>(
        store::memory_options{.retention = config.store.retention, .disk_is_low = {}});
    out.store = memory;
    out.open_reader = [memory] { return memory; };
    return std::nullopt;
  }
  store::sqlite_options how;
  how.retention = config.store.retention;
  how.disk_low = config.store.disk_low;
  how.reserve = config.store.reserve;
  auto opened = store::sqlite_store::open(paths.store, how);
  if (!opened) return opened.error();
  const auto& found = (*opened)->report();
  log.info("store: {} ({}), {} live jobs, {} running; SQLite {}", paths.store,
           found.created     ? "new"
           : found.was_clean ? "closed cleanly"
                             : "not closed cleanly, checked",
           found.live_jobs, found.running, found.sqlite);
  if (found.stale_ends > 0) log.info("store: {} ends of stale attempts were refused so far", found.stale_ends);
  auto reader = store::sqlite_reader::open(paths.store, count_limit);
  if (!reader) return reader.error();
  const auto lanes = (*reader)->counts();
  if (!lanes) return lanes.error();
  if (auto missing = config::lanes_missing(config, *lanes)) return missing;
  out.store = std::move(*opened);
  out.open_reader = [path = paths.store] { return store::sqlite_reader::open(path); };
  return std::nullopt;
}

std::vector<std::string> runner_command(const options& how, const data_paths& paths, const config::root& now) {
  if (how.no_runner) return {};
  auto program = how.runner;
  if (program.empty()) {
    std::error_code ignored;
    program = (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "fabric-runner").string();
  }
  const auto slots = config::keepers_on_node(now);
  return {program,       "--socket",  paths.socket,
          "--spool",     paths.spool, "--ledger",
          paths.ledger,  "--slots",   std::to_string(std::max(slots, 1u)),
          "--idle-exit", "10",        "--log-format",
          now.log.format};
}

} // namespace fabric::nodes
