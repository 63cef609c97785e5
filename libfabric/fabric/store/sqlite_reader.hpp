#pragma once

#include "fabric/store/job_store.hpp"

#include <chrono>
#include <memory>
#include <string>

/// Questions to the SQLite file, on a read-only connection. One thread uses it.
namespace fabric::store {

/// A read that takes longer ends with errc::unavailable, so that it never keeps the log from being checkpointed.
inline constexpr std::chrono::milliseconds read_limit{250};

class sqlite_reader final : public job_reader {
public:
  /// Opens a store that sqlite_store has open (or that was closed cleanly).
  /// @returns errc::incompatible for another schema version; errc::io_error.
  static expected<std::unique_ptr<sqlite_reader>> open(const std::string& path,
                                                       std::chrono::milliseconds limit = read_limit);
  ~sqlite_reader() override;

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
  struct state;
  explicit sqlite_reader(std::unique_ptr<state> made);
  std::unique_ptr<state> state_;
};

} // namespace fabric::store
