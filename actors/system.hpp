#pragma once

#include "actors/compat.hpp"

#include <cstddef>

namespace fabric::actors {

/// Sets what every process of the fabric wants of CAF: the sharing scheduler with explicit threads (stealing burns CPU
/// when idle and adds up to 10 ms), heartbeats, no automatic connections, nothing read from files or the environment.
/// @param threads of the scheduler, at least 1.
void configure(caf::actor_system_config& cfg, std::size_t threads);

} // namespace fabric::actors
