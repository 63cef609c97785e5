#include "fabric/scheduler/stall_watch.hpp"

#include "fabric/duration_text.hpp"

namespace fabric::scheduler {

namespace {

/// What is wrong, if it stays so; empty: nothing.
std::string trouble(const std::optional<lane::status>& said) {
  if (!said) return "it does not answer";
  if (!said->serving) return "it does not come to serve";
  if (said->pause) return {};
  if (said->startable) return "a ready job and a free slot that could run it stay apart";
  if (said->leasing > 0) return "leases that it asked of the store stay without an answer";
  return {};
}

} // namespace

std::optional<std::string> stall_watch::observe(const std::string& lane, const std::optional<lane::status>& said,
                                                time_point now) {
  const auto what = trouble(said);
  auto known = stalls_.find(lane);
  const bool moves = known != stalls_.end() && said && said->granted != known->second.granted;
  if (what.empty() || moves) {
    if (known != stalls_.end()) stalls_.erase(known);
    return std::nullopt;
  }
  if (known == stalls_.end()) known = stalls_.emplace(lane, stall{now, said ? said->granted : 0, false}).first;
  auto& s = known->second;
  if (s.told || now - s.since < limit_) return std::nullopt;
  s.told = true;
  return "lane " + lane + " has started nothing for " + format_duration((now - s.since) / 1s * 1s) + ": " + what;
}

} // namespace fabric::scheduler
