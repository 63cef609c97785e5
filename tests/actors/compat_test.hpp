#pragma once

#include "actors/compat.hpp"

#include <caf/actor_registry.hpp>

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

/// Whether an entry of `timeouts` was not cancelled.
template <class Entry> bool is_wanted(const Entry& entry) {
#if CAF_MAJOR_VERSION >= 1
  return !entry.second.disposed();
#else
  return !entry.second.f.disposed();
#endif
}

/// When the next timer that is still wanted rings.
inline std::optional<caf::actor_clock::time_point> next_timeout(caf::actor_system& sys) {
  for (const auto& entry : timeouts(sys))
    if (is_wanted(entry)) return entry.first;
  return std::nullopt;
}

inline std::size_t wanted_timeouts(caf::actor_system& sys) {
  std::size_t count = 0;
  for (const auto& entry : timeouts(sys)) count += is_wanted(entry) ? 1 : 0;
  return count;
}

} // namespace fabric::actors::testing
