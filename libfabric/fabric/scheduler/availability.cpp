#include "fabric/scheduler/availability.hpp"

#include "fabric/config/lanes.hpp"

namespace fabric::scheduler {

std::set<std::string, std::less<>> unavailable_classes(const config::root& all,
                                                       const std::map<std::string, lane::status>& lanes) {
  std::set<std::string, std::less<>> missing;
  for (const auto& [name, one] : all.classes) missing.insert(name);
  bool any_slots = false;
  for (const auto& l : all.lanes) {
    const auto said = lanes.find(l.name);
    if (said == lanes.end() || !said->second.heard) return {};
    // A node of the cell may have slots where this one has none; it is away, or drains, when it offers none.
    if (config::slots_on_node(all, l) == 0 && said->second.slots == 0) continue;
    any_slots = true;
    for (const auto& name : said->second.classes) missing.erase(name);
  }
  // Without any slot nothing is known of what nodes can run that are away: their jobs wait for them.
  return any_slots ? missing : decltype(missing){};
}

} // namespace fabric::scheduler
