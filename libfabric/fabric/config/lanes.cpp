#include "fabric/config/lanes.hpp"

namespace fabric::config {

std::uint32_t slots_on_node(const root& all, const lane& l) {
  const auto own = all.node.workers.find(l.name);
  return own == all.node.workers.end() ? l.slots : own->second;
}

std::uint32_t slots_on_node(const root& all) {
  std::uint32_t sum = 0;
  for (const auto& l : all.lanes) sum += slots_on_node(all, l);
  return sum;
}

} // namespace fabric::config
