#include "fabric/exec/bounds.hpp"
#include "fabric/exec/spool.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>

/// What happens to attempts' directories after their end: measured, emptied, used again.
namespace fabric::exec {

namespace {

using directory_stream = std::unique_ptr<DIR, int (*)(DIR*)>;

directory_stream open_directory(int at, const char* name) {
  const int fd = ::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR* dir = fd >= 0 ? ::fdopendir(fd) : nullptr;
  if (fd >= 0 && !dir) ::close(fd);
  return {dir, ::closedir};
}

bool is_dots(std::string_view name) { return name == "." || name == ".."; }

void add_bytes(int at, const char* name, int depth, int& entries, std::uint64_t& bytes) {
  const auto dir = open_directory(at, name);
  if (!dir) return;
  while (const auto* entry = ::readdir(dir.get())) {
    struct stat info {};
    if (is_dots(entry->d_name) || ++entries > 10'000) continue;
    if (::fstatat(::dirfd(dir.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
    if (S_ISDIR(info.st_mode) && depth < 16) add_bytes(::dirfd(dir.get()), entry->d_name, depth + 1, entries, bytes);
  }
}

// Output and input files stay, to be truncated; everything else goes. False if something could not be removed, or
// what stays is not simply ours.
bool empty_out(const std::string& path) {
  struct stat info {};
  const auto dir = open_directory(AT_FDCWD, path.c_str());
  if (!dir || ::fstat(::dirfd(dir.get()), &info) != 0 || info.st_uid != ::geteuid()) return false;
  if ((info.st_mode & 07777) != 0700 && ::fchmod(::dirfd(dir.get()), 0700) != 0) return false;
  while (const auto* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (is_dots(name)) continue;
    if (::fstatat(::dirfd(dir.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
    const bool ours = S_ISREG(info.st_mode) && info.st_nlink == 1 && (info.st_mode & 07777) == 0600;
    if (ours && (name == "input.json" || name == "stdout" || name == "stderr") && info.st_blocks <= 256) continue;
    if (S_ISDIR(info.st_mode)) {
      std::error_code failed;
      std::filesystem::remove_all(path + "/" + entry->d_name, failed);
      if (failed) return false;
    } else if (::unlinkat(::dirfd(dir.get()), entry->d_name, 0) != 0) {
      return false;
    }
  }
  return true;
}

expected<void> remove_tree(const std::string& path) {
  std::error_code failed;
  std::filesystem::remove_all(path, failed);
  if (failed) return tl::unexpected(system_error("cannot remove " + path, failed.value()));
  return {};
}

} // namespace

std::uint64_t disk_bytes(int directory) {
  int entries = 0;
  std::uint64_t bytes = 0;
  add_bytes(directory, ".", 0, entries, bytes);
  return bytes;
}

expected<free_directories> free_directories::open(const std::string& spool) {
  for (const auto& path : {spool, spool + "/free", spool + "/checkpoints"})
    if (::mkdir(path.c_str(), 0711) != 0 && errno != EEXIST)
      return tl::unexpected(system_error("cannot make " + path, errno));
  free_directories free(spool);
  const auto dir = open_directory(AT_FDCWD, (spool + "/free").c_str());
  if (!dir) return tl::unexpected(system_error("cannot open " + spool + "/free", errno));
  while (const auto* entry = ::readdir(dir.get()))
    if (!is_dots(entry->d_name)) free.names_.emplace_back(entry->d_name);
  return free;
}

std::string free_directories::take() {
  if (names_.empty()) return {};
  auto name = std::move(names_.back());
  names_.pop_back();
  return name;
}

expected<void> free_directories::recycle(job_id job, std::uint32_t attempt) {
  const auto path = attempt_directory(spool_, job, attempt);
  if (::access(path.c_str(), F_OK) != 0) return {};
  if (names_.size() >= bounds::free_directories || !empty_out(path)) return remove_tree(path);
  const auto name = path.substr(path.rfind('/') + 1);
  if (::rename(path.c_str(), (spool_ + "/free/" + name).c_str()) != 0) return remove_tree(path);
  names_.push_back(name);
  return {};
}

expected<void> free_directories::remove_checkpoints(job_id job) {
  return remove_tree(checkpoint_directory(spool_, job));
}

} // namespace fabric::exec
