#pragma once

#include "fabric/error.hpp"
#include "fabric/exec/spool.hpp"
#include "fabric/node/checkpoint_transfer.hpp"
#include "fabric/node/kept_file.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

/// A job's checkpoint directory that comes from another node: written beside the one that may be here, as
/// `<spool>/checkpoints/<job>.new`, and put in its place when it is whole. All errors: errc::io_error,
/// errc::disk_full; errc::bad_input for a path that leads out.
namespace fabric::exec {

class checkpoint_copy {
public:
  /// Makes an empty one, instead of what a broken transfer left. @param owner nullopt: this process's own user.
  static expected<checkpoint_copy> begin(const std::string& spool, job_id job, std::optional<file_owner> owner);

  /// Files come with their size, as one hole. Links are made by finish(), so that no path leads through one.
  expected<void> make(const node::kept_file& what);
  expected<void> write(const std::string& path, const node::kept_piece& piece);
  expected<void> finish();

private:
  checkpoint_copy(std::string spool, job_id job, std::optional<file_owner> owner)
      : spool_(std::move(spool)), job_(job), owner_(owner) {}
  expected<void> give(int fd, const std::string& path, std::uint32_t mode) const;
  expected<void> link(const node::kept_file& what) const;
  /// The directory that is to hold `path`, whose last part is `name`.
  unique_fd folder_of(const std::string& path, std::string& name) const;

  std::string spool_;
  job_id job_;
  std::optional<file_owner> owner_;
  unique_fd root_;
  std::vector<node::kept_file> late_; ///< All: links are made, owners and modes given, when nothing is to be written.
};

/// Takes a job's checkpoint directory out of sight and removes it; with_incoming: what a broken transfer left, too.
expected<void> clear_checkpoint(const std::string& spool, job_id job, bool with_incoming = true);

/// Removes what a process left that died in the middle of these. What resists stays.
void clear_broken_copies(const std::string& spool);

} // namespace fabric::exec
