#pragma once

#include "fabric/config/config.hpp"

/// What the configuration says of lanes in more than one place. Pure.
namespace fabric::config {

/// The slots that this node offers in a lane: its own number in node.workers, else the lane's.
std::uint32_t slots_on_node(const root& all, const lane& l);

/// The same of all lanes together.
std::uint32_t slots_on_node(const root& all);

} // namespace fabric::config
