#pragma once

#include "fabric/policy/lane_policy.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

/// What the policies' view knows of each class: quantiles over the run times of its last succeeded attempts. Pure.
namespace fabric::policy {

class run_times {
public:
  static constexpr std::size_t remembered = 256; ///< Per class; the oldest goes first.

  void add(const std::string& job_class, duration run_time);
  std::map<std::string, class_view> view() const;

private:
  struct ring {
    std::vector<duration> last;
    std::size_t next = 0;
    std::uint64_t seen = 0;
  };
  std::map<std::string, ring> classes_;
};

} // namespace fabric::policy
