#include "fabric/exec/runner_process.hpp"

#include "fabric/exec/descriptors.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstring>

extern char** environ;

namespace fabric::exec {

std::optional<error> runner_process::ensure_started() {
  if (command_.empty()) return std::nullopt;
  if (pid_ != 0 && waitpid(pid_, nullptr, WNOHANG) == 0) return std::nullopt;
  pid_ = 0;

  std::vector<char*> argv;
  for (auto& arg : command_) argv.push_back(arg.data());
  argv.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, 2, 1); // What it has to say goes to fabricd's log, never to its stdout.
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  const int failed = posix_spawn(&pid_, argv[0], &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed == 0) {
    give_usual_descriptors(pid_);
    return std::nullopt;
  }
  pid_ = 0;
  return error{errc::io_error, std::strerror(failed), command_[0]};
}

} // namespace fabric::exec
