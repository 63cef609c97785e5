#pragma once

#include "fabric/node/attempt_limits.hpp"

#include <sys/resource.h>

#include <vector>

/// The limits that the kernel keeps for each process by itself.
namespace fabric::exec {

struct process_rlimit {
  int resource = 0;
  rlimit value{};
};

/// @param grace_us a job over its CPU time has this long to end; only then the kernel acts, should the keeper not.
/// Pure.
std::vector<process_rlimit> rlimits_of(const node::attempt_limits& limits, std::int64_t grace_us);

/// Sets it for this process, or what of it the hard limit allows. Callable after vfork.
bool set_rlimit(const process_rlimit& one) noexcept;

} // namespace fabric::exec
