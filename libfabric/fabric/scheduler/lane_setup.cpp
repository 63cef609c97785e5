#include "fabric/scheduler/lane_setup.hpp"

#include "fabric/config/lanes.hpp"
#include "fabric/invariant.hpp"
#include "fabric/policy/registry.hpp"

#include <algorithm>
#include <utility>

namespace fabric::scheduler {

namespace {

const config::lane* find_lane(const config::root& all, const std::string& name) {
  const auto found = std::find_if(all.lanes.begin(), all.lanes.end(), [&](const auto& l) { return l.name == name; });
  return found == all.lanes.end() ? nullptr : &*found;
}

} // namespace

expected<std::shared_ptr<policy::lane_policy>> make_policy(const config::root& all) {
  std::vector<policy::lane_info> lanes;
  for (const auto& l : all.lanes) {
    policy::lane_info info;
    info.name = l.name;
    info.budget = l.budget;
    info.move_to = l.timeout.move_to;
    info.modes = l.timeout.modes;
    info.fail = l.timeout.what == config::on_timeout::kind::fail;
    lanes.push_back(std::move(info));
  }
  return policy::make_policy(all.routing.policy, std::move(lanes), all.routing.params);
}

bool is_lane(const config::root& all, const std::string& name) { return find_lane(all, name) != nullptr; }

lane::settings lane_settings(const config::root& all, const std::string& lane) {
  const auto* const l = find_lane(all, lane);
  invariant(l != nullptr);
  lane::settings how;
  how.name = l->name;
  how.budget = l->budget;
  how.grace = l->grace;
  how.demoted_first = l->demoted_first;
  how.lane_count = static_cast<std::uint32_t>(all.lanes.size());
  how.lease = all.lease.first;
  for (const auto& [name, c] : all.classes) how.classes[name] = {c.backoff, c.on_timeout};
  for (const auto& one : all.lanes) how.lanes.insert(one.name);
  return how;
}

lane::event lane_news(const config::root& all, const std::string& lane, std::shared_ptr<policy::lane_policy> policy) {
  if (find_lane(all, lane) == nullptr) return lane::retired{};
  return lane::reconfigured{lane_settings(all, lane), std::move(policy)};
}

std::uint32_t slots_of(const config::root& all, const std::string& lane) {
  const auto* const l = find_lane(all, lane);
  return l == nullptr ? 0 : config::slots_on_node(all, *l);
}

} // namespace fabric::scheduler
