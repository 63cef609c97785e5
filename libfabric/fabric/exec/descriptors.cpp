#include "fabric/exec/descriptors.hpp"

#include "fabric/exec/system.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <optional>

namespace fabric::exec {

namespace {

std::optional<rlimit> usual; ///< As this process was started.

} // namespace

void use_all_descriptors() {
  rlimit found{};
  if (usual || ::getrlimit(RLIMIT_NOFILE, &found) != 0) return;
  usual = found;
  const rlimit all{found.rlim_max, found.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &all);
}

node::descriptors descriptors_now() {
  rlimit found{};
  ::getrlimit(RLIMIT_NOFILE, &found);
  const unique_fd lowest{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)};
  return {lowest ? static_cast<std::uint64_t>(lowest.get()) : found.rlim_cur, found.rlim_cur};
}

void give_usual_descriptors(pid_t child) {
  if (usual) ::prlimit(child, RLIMIT_NOFILE, &*usual, nullptr);
}

} // namespace fabric::exec
