#pragma once

#include "fabric/error.hpp"
#include "fabric/job/job.hpp"
#include "fabric/store/operations.hpp"
#include "fabric/store/waste.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The store decides: every transition of a job is a compare-and-set here. Not a pure part: implementations do I/O.
namespace fabric::store {

/// How long finished jobs are kept. Zero of a count or a byte limit means no limit of that kind.
struct retention {
  duration succeeded_age = std::chrono::hours{24}; ///< succeeded and cancelled.
  std::uint64_t succeeded_count = 1'000'000;
  duration buried_age = std::chrono::hours{24 * 7};
  std::uint64_t bytes = 0; ///< Payloads and results of finished jobs together; oldest go first.
  duration events_age = std::chrono::hours{24 * 7};
  std::uint64_t events_count = 100'000;
  duration prune_budget = std::chrono::milliseconds{1};  ///< Time spent pruning per transaction, at most.
  duration upkeep_budget = std::chrono::milliseconds{5}; ///< The same of one without operations.
};

/// One page of the jobs that are in a lane (is_in_lane), ascending by id.
struct lane_page {
  std::vector<lane_entry> entries;
  std::uint64_t seq = 0; ///< Feed position at which the page was read: changes up to it are in the page.
  bool last = true;
};

/// The only writer. One thread uses it.
class job_store {
public:
  virtual ~job_store() = default;

  /// Applies `ops` in one durable transaction: when it returns, they survive power loss. Without operations it does
  /// what is to be done in quiet moments: forgets what is old, and gives unused space and memory back.
  /// @pre ops.size() <= limits::commit_ops.
  /// @returns errc::disk_full when nothing was committed for want of space; errc::unavailable when nothing was because
  ///          another connection holds the store's lock: apply the same again; errc::io_error when the store can no
  ///          longer be trusted: answer nobody and end the process (exit 70).
  virtual expected<batch_result> apply(std::span<const operation> ops, time_point now) = 0;

  /// Jobs that are in a lane, with id > after. Errors as for apply.
  virtual expected<lane_page> load_lane(const std::string& lane, job_id after, std::size_t limit) = 0;

  /// Jobs that were reset and of which no attempt has started since, and none may be running: whoever is to throw their
  /// checkpoints away may have died before it did. As long as the reset's event is kept. Errors as for apply.
  virtual expected<std::vector<job_id>> unsettled_resets() = 0;

  /// Live (not final) jobs of all lanes, waiting ones too; admission's `max_queued` is measured against it.
  virtual std::uint64_t live_jobs() const = 0;
};

struct job_filter {
  std::vector<job_state> states{}; ///< Empty: all.
  std::string lane{};              ///< Empty: all.
  std::string job_class{};         ///< Empty: all.
  job_id after = 0;                ///< Cursor: only ids below it when > 0 (newest first).
  std::size_t limit = 50;          ///< 1 .. 1000.
};

/// The answer about a job that is not there.
tl::unexpected<error> no_job(job_id id);

struct lane_counts {
  std::string lane;
  std::uint64_t waiting = 0, scheduled = 0, ready = 0, running = 0, succeeded = 0, buried = 0, cancelled = 0;
  std::uint64_t demoted_out = 0; ///< Attempts that ended `demoted` in this lane (kept rows only).
  duration wasted{};             ///< Work thrown away in this lane since the store exists; see waste.hpp.
};

/// All that is kept of one job, as of one instant.
struct job_record {
  job row;
  std::vector<attempt> attempts; ///< Ascending.
  std::string input;
  std::optional<std::string> result; ///< nullopt: none yet.
  std::optional<key_line> line;      ///< While it waits.
};

/// Read-only questions, on a connection of their own. Each ends its read transaction within 250 ms.
class job_reader {
public:
  virtual ~job_reader() = default;
  virtual expected<job> find(job_id id) = 0;                                    ///< errc::not_found.
  virtual expected<std::vector<job>> find_all(std::span<const job_id> ids) = 0; ///< Missing ids are left out.
  virtual expected<std::vector<attempt>> attempts(job_id id) = 0;               ///< Ascending.
  virtual expected<job_record> details(job_id id) = 0;                          ///< errc::not_found.
  virtual expected<std::string> input(job_id id) = 0;                           ///< errc::not_found.
  virtual expected<std::optional<std::string>> result(job_id id) = 0;           ///< nullopt: none yet.
  virtual expected<std::vector<job>> list(const job_filter& filter) = 0;        ///< Newest first.
  virtual expected<std::vector<event>> events(std::uint64_t after, std::size_t limit) = 0; ///< Ascending by id.
  virtual expected<std::vector<event>> last_events(std::size_t limit) = 0;                 ///< Ascending by id.
  virtual expected<std::vector<lane_counts>> counts() = 0;
  virtual expected<waste_totals> wasted() = 0;
  virtual expected<std::uint64_t> stale_ends() = 0; ///< Ends refused by their fence since the store exists.
};

} // namespace fabric::store
