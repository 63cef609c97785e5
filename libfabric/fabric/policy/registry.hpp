#pragma once

#include "fabric/error.hpp"
#include "fabric/policy/lane_policy.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

/// Policies by name, as the config spells them.
namespace fabric::policy {

using parameters = std::map<std::string, std::string>; ///< Values as JSON text.

/// Builds the policy `name` over `lanes`, fastest first.
/// @returns errc::bad_input for an unknown name or parameter, no lanes, a lane without a name or named twice, a budget
///          that is not positive, a `move_to` that is the lane itself or stands beside `fail`, a demotion mode named
///          twice; errc::unknown_lane for a `move_to` that is not configured.
expected<std::shared_ptr<lane_policy>> make_policy(const std::string& name, std::vector<lane_info> lanes,
                                                   const parameters& params);

/// Sorted.
std::vector<std::string> policy_names();

} // namespace fabric::policy
