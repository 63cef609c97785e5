#pragma once

#include "fabric/config/load.hpp"
#include "fabric/error.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// From one configuration to another while the node runs. Pure.
namespace fabric::config {

/// What may change in a running node; the rest is read at its start only.
inline constexpr const char* changeable[] = {"/lanes",
                                             "/routing",
                                             "/classes",
                                             "/node/workers",
                                             "/log/level",
                                             "/node/drain_timeout",
                                             "/limits/max_queued",
                                             "/limits/max_inflight_submits",
                                             "/allow_ad_hoc",
                                             "/supervision/stall_alarm"};

/// One line for each value that differs: its JSON pointer, what it was and what it becomes, "nothing" where there is
/// no such value; and one for each class that is added or removed. By pointer.
std::vector<std::string> differences(const root& now, const root& next);

/// errc::not_allowed, naming all values that differ and only change with a restart; nullopt: there are none.
std::optional<error> needs_restart(const root& now, const root& next);

/// Lanes of `now` that `next` does not have.
std::vector<std::string> lanes_removed(const root& now, const root& next);

/// The same configuration with another policy, which an order of an operator set. Errors: see policy/registry.hpp.
expected<loaded> with_policy(loaded now, std::string name, std::map<std::string, std::string> params);

} // namespace fabric::config
