#include "fabric/exec/rlimits.hpp"

#include "fabric/exec/bounds.hpp"

#include <algorithm>

namespace fabric::exec {

std::vector<process_rlimit> rlimits_of(const node::attempt_limits& limits, std::int64_t grace_us) {
  std::vector<process_rlimit> all;
  const auto add = [&all](int resource, std::uint64_t soft, std::uint64_t hard) {
    if (soft != 0) all.push_back({resource, {soft, hard}});
  };
  add(RLIMIT_NOFILE, limits.files, limits.files);
  add(RLIMIT_FSIZE, limits.file_size, limits.file_size);
  add(RLIMIT_AS, limits.address_space, limits.address_space);
  if (limits.cpu_us != 0) {
    const auto last_us = limits.cpu_us + std::clamp<std::int64_t>(grace_us, 0, bounds::grace_max);
    const auto seconds = static_cast<std::uint64_t>(last_us / bounds::second) + 2; // whole seconds only
    add(RLIMIT_CPU, seconds, seconds + 1);
  }
  return all;
}

bool set_rlimit(const process_rlimit& one) noexcept {
  rlimit now{};
  const auto resource = static_cast<__rlimit_resource_t>(one.resource);
  if (::getrlimit(resource, &now) != 0) return false;
  const rlimit to{std::min(one.value.rlim_cur, now.rlim_max), std::min(one.value.rlim_max, now.rlim_max)};
  return ::setrlimit(resource, &to) == 0;
}

} // namespace fabric::exec
