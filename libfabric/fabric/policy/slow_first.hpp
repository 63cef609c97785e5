#pragma once

#include "fabric/policy/lane_list.hpp"

namespace fabric::policy {

/// Every job starts in the last lane. While all slots there are busy, idle slots of faster lanes take fresh jobs from
/// it and run them under their own budget; what times out goes back, and no faster slot may take it again.
class slow_first final : public lane_policy {
public:
  explicit slow_first(std::vector<lane_info> lanes) : lanes_(std::move(lanes)) {}

  std::string place(const job_facts& job, const view& now, double draw) const override;

  /// The lane's own `on_timeout`, else the lane the job came from, else the last; the last lane fails.
  timeout_decision on_timeout(const job_facts& job, const std::string& lane, const view& now) const override;

  /// All slower lanes, the slowest first: new jobs wait there, the lanes between hold only what was sent to them.
  std::vector<std::string> overflow(const std::string& lane, const view& now) const override;

  /// All faster lanes, the fastest first.
  std::vector<std::string> helpers(const std::string& lane) const override;

private:
  lane_list lanes_;
};

} // namespace fabric::policy
