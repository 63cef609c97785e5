#include "fabric/scheduler/availability.hpp"

#include "fabric/config/lanes.hpp"

namespace fabric::scheduler {

std::set<std::string, std::less<>> unavailable_classes(const config::root& all,
                                                       const std::map<std::string, lane::status>& lanes) {
  std::set<std::string, std::less<>> missing;
  for (const auto& [name, one] : all.classes) missing.insert(name);
  for (const auto& l : all.lanes) {
    const auto said = lanes.find(l.name);
    if (said == lanes.end() || !said->second.heard) return {};
    if (config::slots_on_node(all, l) == 0) continue;
    for (const auto& name : said->second.classes) missing.erase(name);
  }
  return missing;
}

} // namespace fabric::scheduler
