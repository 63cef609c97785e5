#include "fabric/exec/spool.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace fabric::exec {

namespace {

constexpr int plain = O_CLOEXEC | O_NOFOLLOW;

std::string folder_of(const std::string& spool, job_id job) {
  static constexpr std::string_view digits = "0123456789abcdef";
  return spool + "/" + digits[(job >> 4) & 15] + digits[job & 15];
}

tl::unexpected<error> cannot(const char* verb, const std::string& path) {
  return tl::unexpected(system_error(std::string("cannot ") + verb + " " + path, errno));
}

// The directory under its final name: a recycled one if it can be had. What another attempt of the same number left,
// which was refused after this point, goes.
expected<unique_fd> make_directory(const std::string& spool, job_id job, const std::string& path,
                                   const std::string& recycled) {
  bool used = false;
  for (int round = 0;; ++round) {
    const bool renamed = !recycled.empty() && ::rename((spool + "/free/" + recycled).c_str(), path.c_str()) == 0;
    if (renamed || ::mkdir(path.c_str(), 0700) == 0) break;
    used = errno == EEXIST;
    if (used) break;
    if (errno != ENOENT || round > 0) return cannot("make", path);
    if (!make_passage(folder_of(spool, job))) return cannot("make", folder_of(spool, job));
  }
  unique_fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | plain));
  if (!fd) return cannot("open", path);
  if (used)
    for (const char* name : {"result.json", "report.json", "end.mp"}) ::unlinkat(fd.get(), name, 0);
  return fd;
}

expected<unique_fd> make_file(const prepared_spool& s, const char* name, int flags,
                              const std::optional<file_owner>& owner) {
  unique_fd fd(::openat(s.directory.get(), name, flags | O_CREAT | O_TRUNC | plain, 0600));
  if (!fd || (owner && ::fchown(fd.get(), owner->user, owner->group) != 0)) return cannot("make", s.path + "/" + name);
  return fd;
}

// Below `checkpoints` only the runner's user may make anything; a job of another finds its own there.
bool make_checkpoints(const std::string& path, const file_owner& owner) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return false;
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | plain));
  return fd && ::fchmod(fd.get(), 0700) == 0 && ::fchown(fd.get(), owner.user, owner.group) == 0;
}

} // namespace

bool make_passage(const std::string& path) {
  return (::mkdir(path.c_str(), 0711) == 0 && ::chmod(path.c_str(), 0711) == 0) || errno == EEXIST;
}

std::string attempt_directory(const std::string& spool, job_id job, std::uint32_t attempt) {
  return folder_of(spool, job) + "/" + std::to_string(job) + "." + std::to_string(attempt);
}

std::string checkpoint_directory(const std::string& spool, job_id job) {
  return spool + "/checkpoints/" + std::to_string(job);
}

expected<prepared_spool> prepare_attempt(const std::string& spool, job_id job, std::uint32_t attempt,
                                         std::string_view input, const std::string& recycled,
                                         const std::optional<file_owner>& owner) {
  prepared_spool s;
  s.path = attempt_directory(spool, job, attempt);
  auto directory = make_directory(spool, job, s.path, recycled);
  if (!directory) return tl::unexpected(directory.error());
  s.directory = std::move(*directory);
  if (owner && ::fchown(s.directory.get(), owner->user, owner->group) != 0) return cannot("give away", s.path);
  if (owner && !make_checkpoints(checkpoint_directory(spool, job), *owner))
    return cannot("make", checkpoint_directory(spool, job));
  auto in = make_file(s, "input.json", O_RDWR, owner);
  if (!in) return tl::unexpected(in.error());
  if (!write_all(in->get(), input) || ::lseek(in->get(), 0, SEEK_SET) != 0)
    return cannot("write", s.path + "/input.json");
  auto out = make_file(s, "stdout", O_WRONLY | O_APPEND, owner);
  auto err = make_file(s, "stderr", O_WRONLY | O_APPEND, owner);
  if (!out || !err) return tl::unexpected(out ? err.error() : out.error());
  s.out = std::move(*out);
  s.err = std::move(*err);
  s.input = std::move(*in);
  return s;
}

expected<file_piece> read_file_range(const std::string& directory, const std::string& name, std::uint64_t offset,
                                     std::size_t max) {
  if (name.empty() || name == "." || name == ".." || name.find_first_of(std::string_view("/\0", 2)) != name.npos)
    return fail(errc::bad_input, "not a plain file name", name);
  const unique_fd folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | plain));
  const unique_fd fd(folder ? ::openat(folder.get(), name.c_str(), O_RDONLY | O_NONBLOCK | plain) : -1);
  if (!fd && (errno == ENOENT || errno == ELOOP)) return fail(errc::not_found, "no such file", name);
  if (!fd) return cannot("open", directory + "/" + name);
  return read_range(fd.get(), name, offset, max);
}

expected<file_piece> read_range(int fd, const std::string& name, std::uint64_t offset, std::size_t max) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return cannot("read", name);
  if (!S_ISREG(info.st_mode)) return fail(errc::not_found, "not a regular file", name);
  file_piece piece;
  piece.size = static_cast<std::uint64_t>(info.st_size);
  piece.offset = std::min(offset, piece.size);
  if (piece.offset == piece.size) return piece;
  const auto begin = static_cast<off_t>(piece.offset);
  const auto data = ::lseek(fd, begin, SEEK_DATA);
  if (data < 0 && errno == ENXIO) { // Nothing but a hole is left.
    piece.skipped = piece.size - piece.offset;
    piece.offset = piece.size;
    return piece;
  }
  if (data > begin) {
    piece.skipped = static_cast<std::uint64_t>(data - begin);
    piece.offset = static_cast<std::uint64_t>(data);
  }
  const auto hole = ::lseek(fd, static_cast<off_t>(piece.offset), SEEK_HOLE);
  const auto end = hole > static_cast<off_t>(piece.offset) ? static_cast<std::uint64_t>(hole) : piece.size;
  piece.bytes.resize(std::min<std::uint64_t>(max, end - piece.offset));
  const auto n = ::pread(fd, piece.bytes.data(), piece.bytes.size(), static_cast<off_t>(piece.offset));
  if (n < 0) return cannot("read", name);
  piece.bytes.resize(static_cast<std::size_t>(n));
  return piece;
}

} // namespace fabric::exec
