#pragma once

#include "fabric/job/job.hpp"
#include "fabric/lane/pause.hpp"
#include "fabric/store/waste.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

/// The numbers a store keeps beside its rows: counters that never go back, and what each lane adds up to. A plain
/// value: a store copies it before a transaction, and puts the copy back when the transaction fails. Pure.
namespace fabric::store {

/// Jobs per state, indexed by the state's number; [0] stays 0.
using state_totals = std::array<std::uint64_t, 8>;

struct lane_record {
  std::uint64_t epoch = 0; ///< 0: never opened.
  state_totals jobs{};     ///< Kept jobs that are in this lane, or were in it last.
  std::uint64_t seq = 0;   ///< Position of the lane's feed; not stored, since opening the lane starts it anew.

  std::optional<lane_pause> pause{};

  bool operator==(const lane_record&) const = default;
};

struct ledger {
  job_id last_job = 0;
  job_id job_mark = 0; ///< Stored: ids up to it may have been given away. Grows in blocks.
  fence_t last_fence = 0;
  std::uint64_t last_event = 0;
  std::uint64_t event_mark = 0;    ///< Stored, as job_mark.
  std::uint64_t kept_events = 0;   ///< In the table; counted at the start, not stored.
  std::uint64_t last_demotion = 0; ///< Order of demotions; see job::demoted_order.
  std::uint64_t final_bytes = 0;   ///< Payloads and results of the kept final jobs.
  std::uint64_t stale_ends = 0;    ///< Ends refused by their fence since the store exists.
  waste_totals wasted;
  std::map<std::string, lane_record, std::less<>> lanes;
  std::set<std::string> known_lanes; ///< That are configured; not stored. Empty: nobody has said yet.

  /// Numbers never given before. A restart goes on behind the stored mark, so a crash skips the rest of the block. The
  /// copy that is put back after a transaction failed gives the same again: nobody was told of that transaction.
  /// @pre below 2^63 (asserted).
  job_id next_job();
  std::uint64_t next_event();
  fence_t next_fence() const; ///< Given away by setting last_fence.

  /// Jobs in `state`, over all lanes.
  std::uint64_t total(job_state state) const;

  /// Jobs that are not final.
  std::uint64_t live() const;

  /// Whether a job may live in it.
  bool knows(const std::string& lane) const { return known_lanes.empty() || known_lanes.contains(lane); }

  /// The epoch of a lane; 0 if it was never opened.
  std::uint64_t epoch_of(std::string_view lane) const;

  bool operator==(const ledger&) const = default;
};

inline constexpr std::uint64_t job_block = 1024;   ///< Ids a crash may skip.
inline constexpr std::uint64_t event_block = 8192; ///< Likewise of events.

} // namespace fabric::store
