#pragma once

#include "fabric/exec/rlimits.hpp"
#include "fabric/exec/spool.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Starts a job's main process.
namespace fabric::exec {

/// Who a command runs as: uid, gid and supplementary groups, resolved before the fork.
struct identity {
  file_owner owner;
  std::vector<gid_t> groups;
};

/// Looks a user up. errc::not_allowed if this process may not become that user, errc::not_found, errc::io_error.
/// @returns nullopt if that is who this process is already.
expected<std::optional<identity>> resolve_user(const std::string& name);

/// Whether this process could execute the file now: a regular one with a right to.
bool is_executable(const std::string& path);

/// The number that the write end of the progress pipe has in the job.
inline constexpr int progress_descriptor = 3;

struct launch_plan {
  const std::vector<std::string>* argv = nullptr; ///< Never empty; argv[0] is an absolute path.
  std::vector<std::string> env;                   ///< "NAME=value".
  std::string cwd;
  std::optional<identity> who;
  int input = -1;
  int out = -1;
  int err = -1;
  int progress = -1; ///< Becomes progress_descriptor; -1: none.
  std::vector<process_rlimit> rlimits;
  int cgroup = -1; ///< The cgroup.procs of the cgroup to enter; -1: stays where this process is.
};

struct launch_failure {
  bool infrastructure = false; ///< Not the command's fault: no attempt is to be used.
  std::string why;
};

/// Forks (vfork) and executes. The process has its own session and group, no other descriptors than 0, 1, 2 and that of
/// its progress, no core files, no new privileges, no signal blocked, and dies with the calling process. Returns once
/// the exec has succeeded or failed; nothing is left behind on failure. Call it with SIGCHLD blocked and no signal
/// ignored (the job would ignore it too), from a single-threaded process.
tl::expected<pid_t, launch_failure> launch(const launch_plan& plan);

} // namespace fabric::exec
