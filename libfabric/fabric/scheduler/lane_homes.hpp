#pragma once

#include "fabric/config/config.hpp"

#include <map>
#include <string>
#include <vector>

/// On which node the actor of each lane lives. Pure.
namespace fabric::scheduler {

/// Labels of the nodes that are connected, by name.
using linked_nodes = std::map<std::string, std::map<std::string, std::string>>;

/// Whether the lane lives on the scheduler's own node, which is never lost: its place says so, or names that node, or
/// labels that it has.
bool lives_with_scheduler(const config::lane& l, const config::node& own);

/// The homes of the lanes that live on other nodes: where they were as long as that node is connected and still what
/// the lane's place asks for; else there, of several the one with the fewest of these lanes, then by name. A lane for
/// which no node is connected has none: its jobs wait. @param homes those so far.
std::map<std::string, std::string> lane_homes(const config::root& all, const linked_nodes& nodes,
                                              const std::map<std::string, std::string>& homes);

struct lane_move {
  std::string lane;
  std::string from, to; ///< Nodes; empty: none of the others.

  bool operator==(const lane_move&) const = default;
};

/// What differs between the homes before and now, by lane; lanes that are no longer configured too.
std::vector<lane_move> lane_moves(const std::map<std::string, std::string>& was,
                                  const std::map<std::string, std::string>& is);

} // namespace fabric::scheduler
