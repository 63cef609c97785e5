#include "fabric/node/spool_retention.hpp"

#include <algorithm>
#include <tuple>

namespace fabric::node {

std::vector<spool_entry> spool_surplus(std::vector<spool_entry> finished, spool_totals all, const config::spool& limits,
                                       time_point now) {
  std::sort(finished.begin(), finished.end(), [](const auto& a, const auto& b) {
    return std::tie(a.changed, a.job, a.attempt) < std::tie(b.changed, b.job, b.attempt);
  });
  const auto must_go = [&](const spool_entry& e) {
    return now - e.changed > limits.age || (limits.bytes != 0 && all.bytes > limits.bytes) ||
           all.free_inodes < limits.inodes_low;
  };
  std::size_t gone = 0;
  for (; gone < finished.size() && must_go(finished[gone]); ++gone) {
    all.bytes -= std::min(all.bytes, finished[gone].bytes);
    all.free_inodes += inodes_per_attempt;
  }
  finished.resize(gone);
  return finished;
}

} // namespace fabric::node
