#include "fabric/config/lanes.hpp"

#include <algorithm>
#include <string>

namespace fabric::config {

bool has_labels(const std::map<std::string, std::string>& labels, const std::map<std::string, std::string>& asked) {
  return std::all_of(asked.begin(), asked.end(), [&](const auto& one) {
    const auto found = labels.find(one.first);
    return found != labels.end() && found->second == one.second;
  });
}

std::uint32_t slots_on_node(const root& all, const lane& l) {
  if (!has_labels(all.node.labels, l.requires_labels)) return 0;
  const auto own = all.node.workers.find(l.name);
  return own == all.node.workers.end() ? l.slots : own->second;
}

std::uint32_t slots_on_node(const root& all) {
  std::uint32_t sum = 0;
  for (const auto& l : all.lanes) sum += slots_on_node(all, l);
  return sum;
}

std::uint32_t keepers_on_node(const root& all) {
  const auto has_command = [](const auto& c) { return !c.second.command.empty(); };
  const bool any = all.allow_ad_hoc || std::any_of(all.classes.begin(), all.classes.end(), has_command);
  return any ? slots_on_node(all) : 0;
}

std::optional<error> lanes_missing(const root& all, const std::vector<fabric::store::lane_counts>& found) {
  std::string words;
  for (const auto& c : found) {
    const auto live = c.waiting + c.scheduled + c.ready + c.running;
    const auto known = [&](const lane& l) { return l.name == c.lane; };
    if (live == 0 || std::any_of(all.lanes.begin(), all.lanes.end(), known)) continue;
    words += (words.empty() ? "" : " and ") + std::to_string(live) + (live == 1 ? " job in " : " jobs in ") + c.lane;
  }
  if (words.empty()) return std::nullopt;
  return error{errc::unknown_lane,
               "the store has " + words + ", not configured now; put the lane back until they have ended", "/lanes"};
}

} // namespace fabric::config
