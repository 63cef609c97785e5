#pragma once

#include "fabric/job/attempt_end.hpp"
#include "fabric/job/job.hpp"
#include "fabric/store/operations.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What the operations need of a set of tables. Memory and SQLite implement it; the engine above it is the same for
/// both, so that a rule about operations stands once.
namespace fabric::store {

/// A job with what only the store knows of it.
struct stored_job {
  job row;
  std::uint64_t bytes = 0; ///< Of its payload and its result.

  bool operator==(const stored_job&) const = default;
};

/// What the end of an attempt adds to its row.
struct attempt_close {
  job_id job = 0;
  std::uint32_t number = 0;
  outcome ended_as = outcome::none; ///< As it counts for the job.
  outcome reported = outcome::none; ///< As the node said; a repeated end is known by it.
  time_point ended_at{};
  const attempt_end* how = nullptr; ///< Never null.
};

/// How the attempt with some fence ended.
struct attempt_fate {
  std::uint32_t number = 0;
  outcome reported = outcome::none; ///< none: it has not ended.
};

/// What is first among the jobs of an ordering key.
struct key_head {
  std::optional<job_id> first;  ///< Of those that have not ended, the one with the smallest key_order.
  time_point free_at = no_time; ///< The latest left_until of the buried jobs before it; no_time: none left anything.
};

/// A final job, as pruning looks at it.
struct final_row {
  job_id id = 0;
  job_state state = job_state::succeeded;
  time_point finished_at{};
  std::string lane;
  std::uint32_t attempts = 0;
  std::uint64_t bytes = 0;
};

/// Errors do not come back from the single calls: an implementation that can fail remembers its first failure, does
/// nothing from then on, and its store asks for it before it commits.
class rows {
public:
  virtual ~rows() = default;

  virtual std::optional<stored_job> find(job_id id) = 0;
  virtual std::optional<job_id> find_key(std::string_view job_class, std::string_view key) = 0;
  /// @pre a key (not empty).
  virtual key_head head_of(std::string_view ordering_key) = 0;
  virtual std::string input(job_id id) = 0;
  virtual void insert(const stored_job& job, const std::string& input) = 0;

  /// Replaces the row `before`, of the version `after.row.version - 1`.
  virtual void update(const stored_job& before, const stored_job& after) = 0;

  virtual void put_result(job_id id, std::string_view result, time_point now) = 0;
  virtual void insert_attempt(const attempt& started) = 0;
  /// Forgets the job's attempts up to this number.
  virtual void erase_attempts(job_id id, std::uint32_t last) = 0;
  virtual std::optional<attempt_fate> find_attempt(job_id id, fence_t fence) = 0;
  /// The running attempt goes on in another lane.
  virtual void carry_attempt(job_id id, std::uint32_t number, std::string_view lane, std::string_view worker) = 0;
  virtual void close_attempt(const attempt_close& close) = 0;
  virtual void log(const event& what) = 0;

  /// The final job of this state that finished first; equal instants by id.
  virtual std::optional<final_row> oldest_final(job_state state) = 0;

  /// Removes a job with its payload, result and attempts.
  virtual void erase(job_id id) = 0;

  /// Instant of the first event that is left.
  virtual std::optional<time_point> oldest_event() = 0;
  virtual void erase_oldest_event() = 0;

  /// Whether something went wrong; all further work is in vain.
  virtual bool failed() const = 0;
};

} // namespace fabric::store
