#pragma once

#include "fabric/config/config.hpp"
#include "fabric/error.hpp"
#include "fabric/store/job_store.hpp"

#include <optional>
#include <vector>

/// What the configuration says of lanes in more than one place. Pure.
namespace fabric::config {

/// Whether a node with these labels has all that are asked for.
bool has_labels(const std::map<std::string, std::string>& labels, const std::map<std::string, std::string>& asked);

/// The slots that this node offers in a lane: none without the labels that it requires; else its own number in
/// node.workers, else the lane's.
std::uint32_t slots_on_node(const root& all, const lane& l);

/// The same of all lanes together.
std::uint32_t slots_on_node(const root& all);

/// How many of these slots need a keeper: all that may come to hold a process; none where every class is a handler.
std::uint32_t keepers_on_node(const root& all);

/// Jobs that are not final in lanes that are not configured: nobody would ever run them.
/// @returns errc::unknown_lane, naming each lane and the number of its jobs; nullopt: there are none.
std::optional<error> lanes_missing(const root& all, const std::vector<fabric::store::lane_counts>& found);

} // namespace fabric::config
