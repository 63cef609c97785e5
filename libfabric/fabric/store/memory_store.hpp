#pragma once

#include "fabric/store/job_store.hpp"
#include "fabric/store/ledger.hpp"
#include "fabric/store/memory_rows.hpp"
#include "fabric/store/pruner.hpp"

#include <functional>
#include <mutex>

/// A store that forgets everything when it ends: for tests and `"kind": "memory"`.
namespace fabric::store {

struct memory_options {
  store::retention retention;
  std::function<bool()> disk_is_low;                      ///< Unset: never.
  steady_clock_fn clock = std::chrono::steady_clock::now; ///< For the pruning budget.
};

/// Writer and reader in one. Unlike other stores, any thread may call it.
class memory_store final : public job_store, public job_reader {
public:
  explicit memory_store(memory_options options = {});

  expected<batch_result> apply(std::span<const operation> ops, time_point now) override;
  expected<lane_page> load_lane(const std::string& lane, job_id after, std::size_t limit) override;
  expected<std::vector<job_id>> unsettled_resets() override;
  std::uint64_t live_jobs() const override;

  expected<job> find(job_id id) override;
  expected<std::vector<job>> find_all(std::span<const job_id> ids) override;
  expected<std::vector<attempt>> attempts(job_id id) override;
  expected<job_record> details(job_id id) override;
  expected<std::string> input(job_id id) override;
  expected<std::optional<std::string>> result(job_id id) override;
  expected<std::vector<job>> list(const job_filter& filter) override;
  expected<std::vector<event>> events(std::uint64_t after, std::size_t limit) override;
  expected<std::vector<event>> last_events(std::size_t limit) override;
  expected<std::vector<lane_counts>> counts() override;
  expected<waste_totals> wasted() override;
  expected<std::uint64_t> stale_ends() override;

private:
  memory_options options_;
  mutable std::mutex guard_; ///< Of everything below.
  memory_rows tables_;
  ledger numbers_;
  pruner pruner_;
};

} // namespace fabric::store
