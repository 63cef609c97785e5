#pragma once

#include "fabric/config/config.hpp"
#include "fabric/error.hpp"
#include "fabric/lane/lane.hpp"
#include "fabric/policy/lane_policy.hpp"

#include <memory>
#include <string>

/// What the configuration means for lanes and their workers. Pure.
namespace fabric::scheduler {

/// The policy over the configured lanes. Errors: see policy/registry.hpp.
expected<std::shared_ptr<policy::lane_policy>> make_policy(const config::root& all);

bool is_lane(const config::root& all, const std::string& name);

/// @pre the lane is configured (asserted).
lane::settings lane_settings(const config::root& all, const std::string& lane);

/// What a lane is to hear when this configuration comes into force.
lane::event lane_news(const config::root& all, const std::string& lane, std::shared_ptr<policy::lane_policy> policy);

/// The slots of this node in a lane; 0: it is not configured.
std::uint32_t slots_of(const config::root& all, const std::string& lane);

} // namespace fabric::scheduler
