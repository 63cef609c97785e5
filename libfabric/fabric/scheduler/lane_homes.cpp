#include "fabric/scheduler/lane_homes.hpp"

#include "fabric/config/lanes.hpp"

#include <algorithm>

namespace fabric::scheduler {

namespace {

using kind = config::lane_place::kind;

bool fits(const config::lane_place& place, const std::string& node, const std::map<std::string, std::string>& labels) {
  if (place.what == kind::node) return place.node == node;
  return place.what == kind::labels && config::has_labels(labels, place.labels);
}

} // namespace

bool lives_with_scheduler(const config::lane& l, const config::node& own) {
  return l.place.what == kind::scheduler || fits(l.place, own.name, own.labels);
}

std::map<std::string, std::string> lane_homes(const config::root& all, const linked_nodes& nodes,
                                              const std::map<std::string, std::string>& homes) {
  std::map<std::string, std::string> next;
  std::map<std::string, int> load;
  const auto settle = [&](const std::string& lane, const std::string& node) {
    next[lane] = node;
    ++load[node];
  };
  const auto is_elsewhere = [&](const config::lane& l) { return !lives_with_scheduler(l, all.node); };
  for (const auto& l : all.lanes) {
    const auto was = homes.find(l.name);
    if (!is_elsewhere(l) || was == homes.end()) continue;
    const auto at = nodes.find(was->second);
    if (at != nodes.end() && fits(l.place, at->first, at->second)) settle(l.name, at->first);
  }
  for (const auto& l : all.lanes) {
    if (!is_elsewhere(l) || next.contains(l.name)) continue;
    const std::string* best = nullptr;
    for (const auto& [node, labels] : nodes)
      if (node != all.node.name && fits(l.place, node, labels) && (best == nullptr || load[node] < load[*best]))
        best = &node;
    if (best != nullptr) settle(l.name, *best);
  }
  return next;
}

std::vector<lane_move> lane_moves(const std::map<std::string, std::string>& was,
                                  const std::map<std::string, std::string>& is) {
  std::map<std::string, lane_move> all;
  for (const auto& [lane, node] : was) all[lane].from = node;
  for (const auto& [lane, node] : is) all[lane].to = node;
  std::vector<lane_move> moves;
  for (auto& [lane, move] : all) {
    if (move.from == move.to) continue;
    move.lane = lane;
    moves.push_back(std::move(move));
  }
  return moves;
}

} // namespace fabric::scheduler
