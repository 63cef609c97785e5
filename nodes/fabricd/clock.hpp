#pragma once

#include "fabric/time.hpp"

#include <functional>

namespace fabric::nodes {

/// Returns the fabric's clock for this process: the wall clock as it is now, plus what CLOCK_BOOTTIME says has passed
/// since. Callable from any thread.
std::function<time_point()> make_clock();

} // namespace fabric::nodes
