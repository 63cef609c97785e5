#include "fabric/exec/descriptors.hpp"

#include <sys/resource.h>

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

void give_usual_descriptors(pid_t child) {
  if (usual) ::prlimit(child, RLIMIT_NOFILE, &*usual, nullptr);
}

} // namespace fabric::exec
