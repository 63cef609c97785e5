#include "fabric/exec/checkpoint_copy.hpp"

#include "fabric/exec/checkpoint_files.hpp"
#include "fabric/exec/directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace fabric::exec {

namespace {

constexpr std::int64_t no_limit = INT64_MAX; ///< These directories are about as large as what was just written.

constexpr const char* coming = ".new";
constexpr const char* going = ".old";

std::string incoming(const std::string& spool, job_id job) { return checkpoint_directory(spool, job) + coming; }
std::string outgoing(const std::string& spool, job_id job) { return checkpoint_directory(spool, job) + going; }

tl::unexpected<error> cannot(const char* verb, const std::string& path) {
  if (errno == EINVAL) return fail(errc::bad_input, "no path below a directory", path);
  return tl::unexpected(system_error(std::string("cannot ") + verb + " " + path, errno));
}

expected<void> remove_all(const std::string& path) {
  auto done = remove_tree(path, no_limit);
  return done ? expected<void>{} : tl::unexpected(done.error());
}

} // namespace

expected<checkpoint_copy> checkpoint_copy::begin(const std::string& spool, job_id job,
                                                 std::optional<file_owner> owner) {
  checkpoint_copy made(spool, job, owner);
  const auto path = incoming(spool, job);
  if (auto gone = remove_all(path); !gone) return tl::unexpected(gone.error());
  if (!make_passage(spool + "/checkpoints") || ::mkdir(path.c_str(), 0700) != 0) return cannot("make", path);
  made.root_ = unique_fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!made.root_) return cannot("open", path);
  if (auto given = made.give(made.root_.get(), path, 0700); !given) return tl::unexpected(given.error());
  return made;
}

expected<void> checkpoint_copy::give(int fd, const std::string& path, std::uint32_t mode) const {
  const bool given = !owner_ || ::fchown(fd, owner_->user, owner_->group) == 0;
  return given && ::fchmod(fd, mode & 0777) == 0 ? expected<void>{} : cannot("give away", path);
}

unique_fd checkpoint_copy::folder_of(const std::string& path, std::string& name) const {
  const auto slash = path.rfind('/');
  name = slash == path.npos ? path : path.substr(slash + 1);
  if (slash == path.npos) return unique_fd(::dup(root_.get()));
  return open_below(root_.get(), path.substr(0, slash), O_RDONLY | O_DIRECTORY);
}

expected<void> checkpoint_copy::make(const node::kept_file& what) {
  if (what.what == node::kept_kind::file) {
    const auto fd = open_below(root_.get(), what.path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(what.size)) != 0) return cannot("make", what.path);
  } else if (what.what == node::kept_kind::directory) {
    std::string name;
    const auto in = folder_of(what.path, name);
    if (!in || ::mkdirat(in.get(), name.c_str(), 0700) != 0) return cannot("make", what.path);
  }
  late_.push_back(what);
  return {};
}

expected<void> checkpoint_copy::write(const std::string& path, const node::kept_piece& piece) {
  const auto fd = open_below(root_.get(), path, O_WRONLY);
  if (!fd) return cannot("write", path);
  std::size_t done = 0;
  while (done < piece.bytes.size()) {
    const auto n = ::pwrite(fd.get(), piece.bytes.data() + done, piece.bytes.size() - done,
                            static_cast<off_t>(piece.offset + done));
    if (n < 0 && errno != EINTR) return cannot("write", path);
    if (n > 0) done += static_cast<std::size_t>(n);
  }
  return {};
}

expected<void> checkpoint_copy::link(const node::kept_file& what) const {
  std::string name;
  const auto in = folder_of(what.path, name);
  const bool made = in && ::symlinkat(what.target.c_str(), in.get(), name.c_str()) == 0;
  const bool given =
      made && (!owner_ || ::fchownat(in.get(), name.c_str(), owner_->user, owner_->group, AT_SYMLINK_NOFOLLOW) == 0);
  return given ? expected<void>{} : cannot("make", what.path);
}

/// Not flushed: should the power fail under the attempt, the job's row names the node it came from.
expected<void> checkpoint_copy::finish() {
  for (const auto& what : late_)
    if (what.what == node::kept_kind::link)
      if (auto made = link(what); !made) return made;
  for (auto what = late_.rbegin(); what != late_.rend(); ++what) { // What is in a directory before that.
    if (what->what == node::kept_kind::link) continue;
    const auto fd = open_below(root_.get(), what->path, O_RDONLY);
    if (!fd) return cannot("open", what->path);
    if (auto given = give(fd.get(), what->path, what->mode); !given) return given;
  }
  if (auto gone = clear_checkpoint(spool_, job_, false); !gone) return gone;
  const auto place = checkpoint_directory(spool_, job_);
  return ::rename(incoming(spool_, job_).c_str(), place.c_str()) == 0 ? expected<void>{} : cannot("make", place);
}

expected<void> clear_checkpoint(const std::string& spool, job_id job, bool with_incoming) {
  const auto aside = outgoing(spool, job);
  if (auto gone = remove_all(aside); !gone) return gone;
  const auto here = checkpoint_directory(spool, job);
  if (::rename(here.c_str(), aside.c_str()) != 0 && errno != ENOENT) return cannot("set aside", here);
  if (with_incoming)
    if (auto gone = remove_all(incoming(spool, job)); !gone) return gone;
  return remove_all(aside);
}

void clear_broken_copies(const std::string& spool) {
  const auto folder = spool + "/checkpoints";
  const auto dir = open_directory(AT_FDCWD, folder.c_str());
  while (const auto* entry = dir ? ::readdir(dir.get()) : nullptr) {
    const std::string_view name{entry->d_name};
    if (name.ends_with(coming) || name.ends_with(going)) (void)remove_all(folder + "/" + entry->d_name);
  }
}

} // namespace fabric::exec
