#pragma once

#include "fabric/store/memory_store.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace fabric::actors::testing {

/// The memory store, counting its transactions and failing on request.
class scripted_store final : public store::job_store {
public:
  expected<store::batch_result> apply(std::span<const store::operation> ops, time_point now) override {
    if (before_commit) before_commit(ops);
    if (failure) return tl::unexpected{*failure};
    transactions.push_back(ops.size());
    auto done = rows->apply(ops, now);
    if (done && more_upkeep > 0) done->more_upkeep = more_upkeep-- > 0;
    if (after_commit) after_commit(ops);
    return done;
  }

  expected<store::lane_page> load_lane(const std::string& lane, job_id after, std::size_t limit) override {
    auto page = rows->load_lane(lane, after, limit);
    if (on_page && page) on_page(*page);
    return page;
  }

  expected<std::vector<job_id>> unsettled_resets() override { return rows->unsettled_resets(); }
  std::uint64_t live_jobs() const override { return rows->live_jobs(); }

  bool disk_is_low = false;
  std::shared_ptr<store::memory_store> rows = std::make_shared<store::memory_store>(
      store::memory_options{.retention = {}, .disk_is_low = [this] { return disk_is_low; }});
  std::optional<error> failure;          ///< Of every transaction, while set.
  int more_upkeep = 0;                   ///< So many more transactions say that there is more to do.
  std::vector<std::size_t> transactions; ///< Operations of each that was committed.
  std::function<void(std::span<const store::operation>)> before_commit;
  std::function<void(std::span<const store::operation>)> after_commit;
  std::function<void(store::lane_page&)> on_page; ///< May change what a lane loads.
};

/// Whether one of `ops` is an `Op`.
template <class Op> bool has(std::span<const store::operation> ops) {
  for (const auto& op : ops)
    if (std::holds_alternative<Op>(op)) return true;
  return false;
}

} // namespace fabric::actors::testing
