#pragma once

#include "fabric/time.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>

/// Run time thrown away since the store exists: by demotions, losses and hand-backs that left no checkpoint.
namespace fabric::store {

struct waste_totals {
  using sums = std::map<std::string, duration, std::less<>>;
  struct place {
    std::string_view lane, job_class, node;
  };

  sums lanes, classes, nodes; ///< By name; each holds all of it.

  void add(const place& where, duration lost) {
    lanes[std::string(where.lane)] += lost;
    classes[std::string(where.job_class)] += lost;
    nodes[std::string(where.node)] += lost;
  }

  bool operator==(const waste_totals&) const = default;
};

} // namespace fabric::store
