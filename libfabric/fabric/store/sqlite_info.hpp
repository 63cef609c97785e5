#pragma once

#include "fabric/store/job_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What a store's file says of itself.
namespace fabric::store {

struct oldest_job {
  job_id id = 0;
  job_state state = job_state::ready;
  time_point submitted_at{};
};

struct store_info {
  std::string path; ///< As it was given.
  std::int64_t schema = 0;
  std::string sqlite;         ///< Version of this program's library.
  std::string journal_mode;   ///< "wal".
  bool closed_cleanly = true; ///< False while its owner runs, too.
  std::uint64_t file_bytes = 0, log_bytes = 0, reserve_bytes = 0;
  std::uint64_t pages = 0, free_pages = 0, page_size = 0;
  std::vector<lane_counts> lanes;
  std::optional<oldest_job> oldest; ///< Of the jobs that have not ended.
  std::uint64_t attempts = 0, events = 0;
  std::uint64_t fence = 0;    ///< The last one given.
  std::uint64_t job_mark = 0; ///< No job has a higher number.
  std::uint64_t event_mark = 0;
  std::uint64_t stale_ends = 0;
};

/// @returns errc::incompatible for another schema version; errc::io_error.
expected<store_info> describe_store(const std::string& path);

} // namespace fabric::store
