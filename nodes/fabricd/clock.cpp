#include "nodes/fabricd/clock.hpp"

#include "fabric/exec/system.hpp"

namespace fabric::nodes {

std::function<time_point()> make_clock() {
  const auto offset = exec::wall_time_us() - exec::boottime_us();
  return [offset] { return time_point{duration{exec::boottime_us() + offset}}; };
}

} // namespace fabric::nodes
