#pragma once

#include "fabric/policy/lane_list.hpp"

namespace fabric::policy {

/// Every job starts in the first lane; what times out moves to the next; no lane takes another's jobs.
class fast_first final : public lane_policy {
public:
  explicit fast_first(std::vector<lane_info> lanes) : lanes_(std::move(lanes)) {}

  std::string place(const job_facts& job, const view& now, double draw) const override;

  /// The lane's own `on_timeout`, else the next lane; the last lane fails.
  timeout_decision on_timeout(const job_facts& job, const std::string& lane, const view& now) const override;

  std::vector<std::string> overflow(const std::string& lane, const view& now) const override;

private:
  lane_list lanes_;
};

} // namespace fabric::policy
