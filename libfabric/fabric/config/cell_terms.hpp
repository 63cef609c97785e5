#pragma once

#include "fabric/config/config.hpp"
#include "fabric/error.hpp"

#include <string>
#include <string_view>

/// What a node that joins a cell takes over from the cell's scheduler: lanes, routing, limits, leases, and whether
/// clients may name commands. Its own file says the rest: name, slots, labels, what its classes run. Pure.
namespace fabric::config {

/// The terms of this cell as compact JSON.
std::string cell_terms(const root& scheduler);

/// A node's configuration under a cell's terms. errc::bad_input, naming what is wrong with them: they are of another
/// build.
expected<root> under_terms(root own, std::string_view terms);

/// The configuration for a lane that lives on this node: as above, but with the classes of the scheduler, of which a
/// lane needs retries and ways out only. errc::bad_input.
expected<root> lane_terms(root own, std::string_view terms);

/// Lanes that node.workers names and these terms do not have, sorted.
std::vector<std::string> unknown_lanes(const std::map<std::string, std::uint32_t>& workers, const root& cell);

} // namespace fabric::config
