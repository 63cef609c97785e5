#include "fabric/exec/checkpoint_files.hpp"

#include "fabric/exec/directory.hpp"
#include "fabric/exec/spool.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <climits>

namespace fabric::exec {

namespace {

constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int depth_max = 64; ///< One descriptor each.

tl::unexpected<error> cannot_read(const std::string& path) {
  return tl::unexpected(system_error("cannot read " + path, errno));
}

bool describe(int at, const char* name, node::kept_file& file) {
  struct stat info {};
  if (::fstatat(at, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
  file.mode = info.st_mode & 0777;
  if (S_ISDIR(info.st_mode)) file.what = node::kept_kind::directory;
  if (S_ISREG(info.st_mode)) file.size = static_cast<std::uint64_t>(info.st_size);
  if (!S_ISLNK(info.st_mode)) return S_ISDIR(info.st_mode) || S_ISREG(info.st_mode);
  std::array<char, PATH_MAX> target{};
  const auto n = ::readlinkat(at, name, target.data(), target.size());
  file.what = node::kept_kind::link;
  if (n > 0) file.target.assign(target.data(), static_cast<std::size_t>(n));
  return n > 0;
}

/// @returns nothing, or why not all of it could be listed.
std::optional<error> list_below(int at, const char* name, const std::string& path, int depth,
                                std::vector<node::kept_file>& all) {
  const auto dir = open_directory(at, name);
  if (!dir)
    return depth == 0 && errno == ENOENT ? std::nullopt : std::optional(system_error("cannot read " + path, errno));
  while (const auto* entry = ::readdir(dir.get())) {
    node::kept_file file;
    file.path = (path.empty() ? "" : path + "/") + entry->d_name;
    if (is_dots(entry->d_name) || !describe(::dirfd(dir.get()), entry->d_name, file)) continue;
    if (all.size() == kept_files_max || depth == depth_max)
      return error{
          errc::too_large, "more than " + std::to_string(kept_files_max) + " files, or directories too deep", {}};
    all.push_back(file);
    if (file.what != node::kept_kind::directory) continue;
    if (auto why = list_below(::dirfd(dir.get()), entry->d_name, file.path, depth + 1, all)) return why;
  }
  return std::nullopt;
}

/// Whether all parts of it are plain names.
bool leads_down(std::string_view path) {
  for (;;) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    if (part.empty() || is_dots(part) || part.find('\0') != part.npos) return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

} // namespace

unique_fd open_below(int at, std::string_view path, int flags, unsigned mode) {
  if (!leads_down(path)) {
    errno = EINVAL;
    return {};
  }
  unique_fd folder;
  for (auto slash = path.find('/');; slash = path.find('/')) {
    const std::string part{path.substr(0, slash)};
    const int from = folder ? folder.get() : at;
    if (slash == path.npos) return unique_fd(::openat(from, part.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
    unique_fd next(::openat(from, part.c_str(), folder_flags));
    if (!next) return {};
    folder = std::move(next);
    path.remove_prefix(slash + 1);
  }
}

expected<std::vector<node::kept_file>> list_checkpoint(const std::string& spool, job_id job) {
  std::vector<node::kept_file> all;
  if (auto why = list_below(AT_FDCWD, checkpoint_directory(spool, job).c_str(), "", 0, all))
    return tl::unexpected(*why);
  return all;
}

expected<node::kept_piece> read_checkpoint(const std::string& spool, job_id job, const std::string& path,
                                           std::uint64_t offset, std::size_t max) {
  const auto directory = checkpoint_directory(spool, job);
  const unique_fd root(::open(directory.c_str(), folder_flags));
  const auto fd = root ? open_below(root.get(), path, O_RDONLY | O_NONBLOCK) : unique_fd{};
  if (!fd && errno == EINVAL) return fail(errc::bad_input, "no path below a directory", path);
  if (!fd && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR))
    return fail(errc::not_found, "no such file", path);
  if (!fd) return cannot_read(directory + "/" + path);
  auto piece = read_range(fd.get(), path, offset, max);
  if (!piece) return tl::unexpected(piece.error());
  return node::kept_piece{std::move(piece->bytes), piece->offset, piece->size};
}

} // namespace fabric::exec
