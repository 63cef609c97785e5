#pragma once

#include "fabric/store/job_store.hpp"
#include "fabric/store/pruner.hpp"
#include "fabric/store/shrinker.hpp"
#include "fabric/store/space_guard.hpp"
#include "fabric/store/sqlite_settings.hpp"

#include <cstdint>
#include <memory>
#include <string>

/// The store in one SQLite file; see DESIGN section 5 and fabric/store/sqlite_schema.hpp for its tables.
namespace fabric::store {

struct sqlite_options {
  store::retention retention;
  std::uint64_t disk_low = 256ull << 20;     ///< Below this much free space submits and leases are refused.
  std::chrono::milliseconds lock_wait{2000}; ///< How long a commit waits for another connection's lock.
  std::uint64_t reserve = 16ull << 20;       ///< Size of <path>.reserve, given up when a commit finds no space.
  std::int64_t wal_max = wal_bytes;          ///< The log is copied into the file above this size, in bytes.
  shrinker::rules shrinking;                 ///< When the file gives free pages back.
  free_space_fn free = &free_space;          ///< For tests.
  steady_clock_fn clock = std::chrono::steady_clock::now;
};

/// What opening found, for the log.
struct open_report {
  bool created = false;         ///< There was no store before.
  bool was_clean = true;        ///< The last owner closed it; otherwise it was checked (PRAGMA quick_check).
  std::int64_t schema = 0;      ///< Version found; 0 when created. It is the newest now.
  std::uint64_t live_jobs = 0;  ///< Jobs that are not final.
  std::uint64_t running = 0;    ///< Attempts under lease.
  std::uint64_t stale_ends = 0; ///< Ends refused by their fence since the store exists.
  std::string sqlite;           ///< Version of the library.
};

/// The only writer. One thread uses it. Open it before any reader, close it after them.
class sqlite_store final : public job_store {
public:
  /// Opens or creates the store. Makes the file's directory (0700) if it is missing; files are 0600.
  /// @returns errc::wrong_state when another process owns it (the message names its pid); errc::incompatible when a
  ///          newer build wrote it; errc::disk_full; errc::io_error for anything unreadable, damaged or not a store.
  static expected<std::unique_ptr<sqlite_store>> open(const std::string& path, sqlite_options options = {});

  /// Marks the store as closed cleanly, unless it failed.
  ~sqlite_store() override;

  const open_report& report() const;

  /// Without operations it commits only if there was something to prune or to give back.
  expected<batch_result> apply(std::span<const operation> ops, time_point now) override;
  expected<lane_page> load_lane(const std::string& lane, job_id after, std::size_t limit) override;
  expected<std::vector<job_id>> unsettled_resets() override;
  std::uint64_t live_jobs() const override;

private:
  struct state;
  explicit sqlite_store(std::unique_ptr<state> made);
  std::unique_ptr<state> state_;
};

} // namespace fabric::store
