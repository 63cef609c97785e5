#pragma once

#include "fabric/policy/lane_policy.hpp"

#include <string>
#include <vector>

/// The configured lanes, as every policy needs them.
namespace fabric::policy {

class lane_list {
public:
  /// @pre checked by make_policy (asserted: not empty).
  explicit lane_list(std::vector<lane_info> lanes);

  const lane_info* find(const std::string& name) const; ///< nullptr if not configured.
  const std::string& first() const { return lanes_.front().name; }
  const std::string& last() const { return lanes_.back().name; }
  std::string next(const std::string& name) const;                ///< Empty after the last, or if unknown.
  std::vector<std::string> slower(const std::string& name) const; ///< Slowest first; empty if unknown.
  std::vector<std::string> faster(const std::string& name) const; ///< Fastest first; empty if unknown.

  /// What the lane's own `on_timeout` says: fail, its `move_to`, or else a move to `fallback`; fail if that is empty
  /// or the lane itself.
  timeout_decision on_timeout(const std::string& lane, const std::string& fallback) const;

private:
  std::vector<lane_info> lanes_;
};

} // namespace fabric::policy
