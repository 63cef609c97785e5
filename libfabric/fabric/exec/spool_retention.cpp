#include "fabric/exec/bounds.hpp"
#include "fabric/exec/directory.hpp"
#include "fabric/exec/spool.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

/// What happens to attempts' directories after their end: measured, emptied, used again.
namespace fabric::exec {

namespace {

constexpr const char* gone = ".gone"; ///< Behind the name of checkpoints that are being removed.

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

bool has_newer(int at, const char* name, const timespec& since, int depth, int& entries) {
  const auto dir = open_directory(at, name);
  if (!dir) return false;
  while (const auto* entry = ::readdir(dir.get())) {
    struct stat info {};
    if (is_dots(entry->d_name) || ++entries > 10'000) continue;
    if (::fstatat(::dirfd(dir.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    // The time of the last change, which nobody can set: a file may have been written elsewhere and moved here.
    const auto& t = info.st_ctim;
    const bool newer = t.tv_sec != since.tv_sec ? t.tv_sec > since.tv_sec : t.tv_nsec >= since.tv_nsec;
    if (S_ISREG(info.st_mode) && info.st_size > 0 && newer) return true;
    if (S_ISDIR(info.st_mode) && depth < 16 && has_newer(::dirfd(dir.get()), entry->d_name, since, depth + 1, entries))
      return true;
  }
  return false;
}

/// Deletes until an instant.
class deleter {
public:
  explicit deleter(std::int64_t until_us) : until_us_(until_us) {}

  /// Deletes what is in a directory but for what `keep(name, info)` says, and what is below that.
  /// False if time is over (then `timed_out()`) or something resists (then errno says why).
  template <class Keep> bool empty(int at, const char* name, Keep keep) {
    const auto dir = open_directory(at, name);
    if (!dir) return false;
    while (const auto* entry = ::readdir(dir.get())) {
      struct stat info {};
      if (is_dots(entry->d_name)) continue;
      if (::fstatat(::dirfd(dir.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
      if (!keep(std::string_view(entry->d_name), info) && !remove(::dirfd(dir.get()), entry->d_name, info))
        return false;
    }
    return true;
  }

  /// Deletes a whole tree. What is not there is done.
  bool remove(int at, const char* name) {
    struct stat info {};
    if (::fstatat(at, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT;
    return remove(at, name, info);
  }

  bool timed_out() const { return timed_out_; }

private:
  bool remove(int at, const char* name, const struct stat& info) {
    const bool folder = S_ISDIR(info.st_mode);
    if (folder && !empty(at, name, [](auto, const auto&) { return false; })) return false;
    timed_out_ = removed_ > 0 && boottime_us() >= until_us_; // At least one in each call, however slow the disk is.
    if (timed_out_) return false;
    ++removed_;
    return ::unlinkat(at, name, folder ? AT_REMOVEDIR : 0) == 0;
  }

  std::int64_t until_us_;
  std::uint64_t removed_ = 0;
  bool timed_out_ = false;
};

// Output and input files stay, to be truncated; everything else goes. False if something could not be removed, or
// what stays is not simply ours.
bool empty_out(const std::string& path, deleter& todo) {
  struct stat info {};
  const unique_fd dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir || ::fstat(dir.get(), &info) != 0 || info.st_uid != ::geteuid()) return false;
  if ((info.st_mode & 07777) != 0700 && ::fchmod(dir.get(), 0700) != 0) return false;
  return todo.empty(dir.get(), ".", [](std::string_view name, const struct stat& file) {
    const bool ours = S_ISREG(file.st_mode) && file.st_nlink == 1 && (file.st_mode & 07777) == 0600;
    return ours && (name == "input.json" || name == "stdout" || name == "stderr") && file.st_blocks <= 256;
  });
}

expected<bool> remove_with(const std::string& path, deleter& todo) {
  if (todo.remove(AT_FDCWD, path.c_str())) return true;
  if (todo.timed_out()) return false;
  return tl::unexpected(system_error("cannot remove " + path, errno));
}

} // namespace

expected<bool> remove_tree(const std::string& path, std::int64_t until_us) {
  deleter todo(until_us);
  return remove_with(path, todo);
}

std::uint64_t disk_bytes(int directory) {
  int entries = 0;
  std::uint64_t bytes = 0;
  add_bytes(directory, ".", 0, entries, bytes);
  return bytes;
}

bool has_file_since(const std::string& directory, const timespec& since) {
  int entries = 0;
  return has_newer(AT_FDCWD, directory.c_str(), since, 0, entries);
}

expected<free_directories> free_directories::open(const std::string& spool) {
  for (const auto& path : {spool, spool + "/free", spool + "/checkpoints"})
    if (!make_passage(path)) return tl::unexpected(system_error("cannot make " + path, errno));
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

expected<bool> free_directories::recycle(job_id job, std::uint32_t attempt, std::int64_t until_us) {
  const auto path = attempt_directory(spool_, job, attempt);
  if (::access(path.c_str(), F_OK) != 0) return true;
  deleter todo(until_us);
  const bool emptied = names_.size() < bounds::free_directories && empty_out(path, todo);
  if (todo.timed_out()) return false;
  const auto name = path.substr(path.rfind('/') + 1);
  if (!emptied || ::rename(path.c_str(), (spool_ + "/free/" + name).c_str()) != 0) return remove_with(path, todo);
  names_.push_back(name);
  return true;
}

void free_directories::set_checkpoints_aside(job_id job) {
  const auto path = checkpoint_directory(spool_, job);
  const auto aside = path + gone;
  if (::rename(path.c_str(), aside.c_str()) == 0 || errno == ENOENT) return;
  // Something of the same job is being removed: in there is out of sight too.
  ::rename(path.c_str(), (aside + "/" + std::to_string(boottime_us())).c_str());
}

expected<bool> free_directories::remove_checkpoints(job_id job, std::int64_t until_us) {
  return remove_tree(checkpoint_directory(spool_, job) + gone, until_us);
}

} // namespace fabric::exec
