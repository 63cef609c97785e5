#pragma once

#include "actors/compat.hpp"

#include <optional>
#if CAF_MAJOR_VERSION >= 1
#include <caf/detail/test_coordinator.hpp>
#else
#include <caf/scheduler/test_coordinator.hpp>
#endif

/// What differs between CAF's testing schedulers, beside actors/compat.hpp. @pre caf.scheduler.policy is "testing".
namespace fabric::actors::testing {

#if CAF_MAJOR_VERSION >= 1
using test_coordinator = caf::detail::test_coordinator;
#else
using test_coordinator = caf::scheduler::test_coordinator;
#endif

inline test_coordinator& coordinator(caf::actor_system& sys) {
  return dynamic_cast<test_coordinator&>(sys.scheduler());
}

inline auto& timeouts(caf::actor_system& sys) {
#if CAF_MAJOR_VERSION >= 1
  return coordinator(sys).clock().actions;
#else
  return coordinator(sys).clock().schedule;
#endif
}

/// When the next timer that is still wanted rings.
inline std::optional<caf::actor_clock::time_point> next_timeout(caf::actor_system& sys) {
  for (const auto& [at, entry] : timeouts(sys)) {
#if CAF_MAJOR_VERSION >= 1
    if (!entry.disposed()) return at;
#else
    if (!entry.f.disposed()) return at;
#endif
  }
  return std::nullopt;
}

} // namespace fabric::actors::testing
