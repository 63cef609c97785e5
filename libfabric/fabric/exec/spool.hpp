#pragma once

#include "fabric/error.hpp"
#include "fabric/exec/system.hpp"
#include "fabric/job/job.hpp"

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The spool: one directory per attempt, `<spool>/<2 hex>/<job>.<attempt>/` (2 hex: the job id's low byte), with
///
///     input.json  stdout  stderr  result.json  report.json  and whatever the job leaves in its working directory
///
/// `<spool>/checkpoints/<job>` per job, made by the job on first use (for a class with a user of its own: by us), and
/// `<spool>/free/` with emptied directories that the next attempts take over by rename: deleting costs more than
/// running /bin/true.
namespace fabric::exec {

std::string attempt_directory(const std::string& spool, job_id job, std::uint32_t attempt);
std::string checkpoint_directory(const std::string& spool, job_id job);

/// Makes a directory that every user may pass through, but not read, whatever the umask. False, with errno, if that
/// failed; what is there already stays as it is.
bool make_passage(const std::string& path);

/// Whose files an attempt's are; nullopt means the runner's own.
struct file_owner {
  uid_t user = 0;
  gid_t group = 0;
};

/// An attempt's directory, ready for the job.
struct prepared_spool {
  std::string path;
  unique_fd directory;
  unique_fd input; ///< At its start.
  unique_fd out;   ///< O_APPEND, empty.
  unique_fd err;
};

/// Makes the directory (from `<spool>/free/<recycled>` if that is named and there), with the input in it.
/// errc::disk_full, errc::io_error; the message names the path.
expected<prepared_spool> prepare_attempt(const std::string& spool, job_id job, std::uint32_t attempt,
                                         std::string_view input, const std::string& recycled,
                                         const std::optional<file_owner>& owner);

/// Whether a directory holds a regular file that is not empty and was written, or put there, at `since` or later. Looks
/// no deeper and no further than disk_bytes.
bool has_file_since(const std::string& directory, const timespec& since);

/// Bytes on disk taken by a directory, files of files included, not counting what lies deeper than 16 levels or beyond
/// 10,000 entries.
std::uint64_t disk_bytes(int directory);

/// Removes a tree without following links, until an instant (CLOCK_BOOTTIME, microseconds); whether all is gone. What
/// is not there is done. errc::io_error.
expected<bool> remove_tree(const std::string& path, std::int64_t until_us);

/// Emptied directories, and the way back into them. Used by the runner alone.
class free_directories {
public:
  /// Finds what earlier runs left in `<spool>/free`. Makes the spool's directories. errc::io_error, errc::disk_full.
  static expected<free_directories> open(const std::string& spool);

  /// The name of one for prepare_attempt(), empty if there is none.
  std::string take();

  // Both end at `until` (CLOCK_BOOTTIME, microseconds) and return whether all is done; call again for the rest. What is
  // not there is done.

  /// Empties an attempt's directory and keeps it, or removes it if there are enough.
  expected<bool> recycle(job_id job, std::uint32_t attempt, std::int64_t until_us);

  /// Takes a job's checkpoints out of the sight of its next attempt. What is not there is done.
  void set_checkpoints_aside(job_id job);

  /// Removes what was set aside.
  expected<bool> remove_checkpoints(job_id job, std::int64_t until_us);

private:
  explicit free_directories(std::string spool) : spool_(std::move(spool)) {}

  std::string spool_;
  std::vector<std::string> names_;
};

/// A piece of a spool file.
struct file_piece {
  std::string bytes;
  std::uint64_t offset = 0;  ///< Of the first byte; beyond what was asked for if a hole was skipped.
  std::uint64_t skipped = 0; ///< Bytes cut out of the middle of an output file before `offset`.
  std::uint64_t size = 0;    ///< Of the whole file, now. offset + bytes.size() == size: that was all so far.
};

/// Reads at most `max` bytes from `offset` of a file in an attempt's directory. Follows no symbolic links and reads
/// regular files only: a job may have put anything there. Holes are skipped, not returned as zeros.
/// @param name a plain file name. errc::bad_input, errc::not_found, errc::io_error.
expected<file_piece> read_file_range(const std::string& directory, const std::string& name, std::uint64_t offset,
                                     std::size_t max);

/// The same of an open file; `name` is for the message.
expected<file_piece> read_range(int fd, const std::string& name, std::uint64_t offset, std::size_t max);

} // namespace fabric::exec
