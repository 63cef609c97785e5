#include "fabric/exec/spool_survey.hpp"

#include "fabric/exec/directory.hpp"
#include "fabric/exec/spool.hpp"
#include "fabric/exec/system.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

namespace fabric::exec {

namespace {

/// "<job>.<attempt>", both from 1, or the "<job>" of a directory of checkpoints, as attempt 0; nullopt for anything
/// else.
std::optional<node::spool_entry> parse_name(std::string_view name, bool checkpoints) {
  node::spool_entry e;
  const char* const last = name.data() + name.size();
  const auto job = std::from_chars(name.data(), last, e.job);
  if (checkpoints) return job.ec == std::errc{} && job.ptr == last && e.job != 0 ? std::optional(e) : std::nullopt;
  if (job.ec != std::errc{} || job.ptr == last || *job.ptr != '.') return std::nullopt;
  const auto attempt = std::from_chars(job.ptr + 1, last, e.attempt);
  if (attempt.ec != std::errc{} || attempt.ptr != last || e.job == 0 || e.attempt == 0) return std::nullopt;
  return e;
}

/// A job's last write shows in its output files, not in its directory.
time_point last_change(int directory) {
  time_point newest{};
  for (const char* name : {".", "stdout", "stderr", "result.json", "report.json"}) {
    struct stat info {};
    if (fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const time_point changed{std::chrono::seconds{info.st_mtim.tv_sec}};
    newest = std::max(newest, changed);
  }
  return newest;
}

void survey_folder(const std::string& path, bool checkpoints, spool_survey& out) {
  const directory_stream folder{opendir(path.c_str()), closedir};
  if (!folder) return;
  while (const auto* item = readdir(folder.get())) {
    auto entry = parse_name(item->d_name, checkpoints);
    if (!entry) continue;
    const unique_fd fd{openat(dirfd(folder.get()), item->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!fd) continue;
    entry->bytes = disk_bytes(fd.get());
    entry->changed = last_change(fd.get());
    out.totals.bytes += entry->bytes;
    out.attempts.push_back(*entry);
  }
}

} // namespace

expected<spool_survey> survey_spool(const std::string& spool) {
  struct statvfs fs {};
  if (statvfs(spool.c_str(), &fs) != 0) return tl::unexpected(system_error("cannot look at " + spool, errno));
  spool_survey all;
  // Some file systems make inodes as they need them and count none.
  all.totals.free_inodes = fs.f_files == 0 ? ~std::uint64_t{0} : fs.f_favail;
  static constexpr std::string_view digits = "0123456789abcdef";
  for (const char high : digits)
    for (const char low : digits) survey_folder(spool + "/" + high + low, false, all);
  survey_folder(spool + "/checkpoints", true, all);
  return all;
}

} // namespace fabric::exec
