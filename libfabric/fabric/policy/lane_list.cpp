#include "fabric/policy/lane_list.hpp"

#include "fabric/invariant.hpp"

#include <algorithm>

namespace fabric::policy {

lane_list::lane_list(std::vector<lane_info> lanes) : lanes_(std::move(lanes)) {
  invariant(!lanes_.empty());
  for (auto& lane : lanes_) {
    // A restart is always possible, so every list of modes ends with it.
    const auto has_restart = std::find(lane.modes.begin(), lane.modes.end(), demotion_mode::restart);
    if (has_restart == lane.modes.end()) lane.modes.push_back(demotion_mode::restart);
  }
}

const lane_info* lane_list::find(const std::string& name) const {
  const auto it = std::find_if(lanes_.begin(), lanes_.end(), [&](const auto& l) { return l.name == name; });
  return it == lanes_.end() ? nullptr : &*it;
}

std::string lane_list::next(const std::string& name) const {
  const auto* lane = find(name);
  return lane == nullptr || lane == &lanes_.back() ? std::string{} : (lane + 1)->name;
}

std::vector<std::string> lane_list::slower(const std::string& name) const {
  std::vector<std::string> names;
  if (find(name) == nullptr) return names;
  for (auto lane = lanes_.rbegin(); lane->name != name; ++lane) names.push_back(lane->name);
  return names;
}

std::vector<std::string> lane_list::faster(const std::string& name) const {
  std::vector<std::string> names;
  if (find(name) == nullptr) return names;
  for (auto lane = lanes_.begin(); lane->name != name; ++lane) names.push_back(lane->name);
  return names;
}

timeout_decision lane_list::on_timeout(const std::string& lane, const std::string& fallback) const {
  const auto* info = find(lane);
  if (info == nullptr || info->fail) return {};
  const auto& to = info->move_to.empty() ? fallback : info->move_to;
  if (to.empty() || to == lane) return {};
  return {timeout_decision::kind::move, to, info->modes, {}};
}

} // namespace fabric::policy
