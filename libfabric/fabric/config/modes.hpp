#pragma once

#include "fabric/policy/lane_policy.hpp"

#include <array>
#include <string_view>
#include <utility>

/// The names of the ways to demote, as the configuration writes them.
namespace fabric::config {

inline constexpr std::array<std::pair<policy::demotion_mode, std::string_view>, 3> mode_names{
    {{policy::demotion_mode::restart, "restart"},
     {policy::demotion_mode::resume, "resume"},
     {policy::demotion_mode::carry, "carry"}}};

constexpr std::string_view name_of(policy::demotion_mode mode) {
  for (const auto& [value, name] : mode_names)
    if (value == mode) return name;
  return {};
}

} // namespace fabric::config
