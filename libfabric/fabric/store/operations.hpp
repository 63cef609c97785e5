#pragma once

#include "fabric/error.hpp"
#include "fabric/job/attempt_end.hpp"
#include "fabric/job/job.hpp"
#include "fabric/job/transitions.hpp"
#include "fabric/lane/pause.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

/// What may be asked of the store, and what it answers. Values only; fabric/store/job_store.hpp applies them.
///
/// What a repeat of an operation that was committed does:
///   submit with a key, end, carry, cancel, kick, extend, reset   answers ok and changes nothing
///   lease, move, due                               answers errc::stale and changes nothing
///   open_lane                                      opens the lane once more: the epoch before is stale
///   submit without a key, lane_died, note          is done, counted or written once more
///   set_pause                                      is written once more; a resume answers errc::wrong_state
namespace fabric::store {

/// Admits one job. Answers with its id. errc::key_conflict: the key was used with another input;
/// same key and input: the first job's id and `duplicate`, also when there is room for nothing new.
struct submit {
  job_spec spec;    ///< Already checked by fabric::scheduler admission.
  std::string lane; ///< Where the policy placed it.
  std::uint32_t max_attempts = 3;
  std::optional<error> only_if_known{}; ///< Set: the refusal for a job whose key is not known yet.
};

/// A lane takes a job for a node's slot. errc::stale if the row, or the lane's epoch, changed.
struct lease {
  job_id id = 0;
  std::uint64_t version = 0;
  std::string lane;
  std::uint64_t epoch = 0;
  std::string node;
  std::string worker;
  duration length{};
};

/// An attempt ended. Judged by its fence and node, never by the clock or the version. errc::stale if the job runs under
/// a newer fence, on another node (after the store was put back), or ended otherwise; then it is counted, and the
/// beginning of the report kept as a `stale_end` event. A repeat of the end that was committed for this fence answers
/// ok.
struct end {
  job_id id = 0;
  fence_t fence = 0;
  std::string lane; ///< The lane that speaks; its epoch is checked.
  std::uint64_t epoch = 0;
  attempt_end how;
  end_decision decision;
  bool given_up =
      false;          ///< The lane's own verdict, not the node's: errc::stale once the attempt was carried elsewhere.
  std::string node{}; ///< Who told it; empty: nobody.
};

/// Overflow between lanes, or the hand-back. errc::stale as for lease.
struct move {
  job_id id = 0;
  std::uint64_t version = 0;
  std::string lane;
  std::uint64_t epoch = 0;
  std::string to_lane;
  bool overflow = false; ///< False: a hand-back.
};

/// A lane takes a running attempt over from another, into a slot on its node that it keeps free for it: one
/// transaction, the process does not notice. Answers with the row. errc::stale if the job does not run under this fence
/// in `from`; errc::wrong_state: see apply_carry.
struct carry {
  job_id id = 0;
  fence_t fence = 0;
  std::string from;
  std::string lane; ///< The lane that speaks, and takes it; its epoch is checked.
  std::uint64_t epoch = 0;
  std::string worker; ///< Of that lane, on the node where it runs.
  duration ran{};     ///< Since process start, as `from` knows it.
  std::uint32_t lane_count = 1;
};

/// Where an attempt runs that a node holds and the asking lane does not know. Answers with the row if the job still
/// runs under this fence, in whatever lane; else errc::stale. Changes nothing.
struct look {
  job_id id = 0;
  fence_t fence = 0;
};

/// Throws away what a job has saved. errc::not_found, errc::wrong_state while an attempt runs or may still run.
struct reset {
  job_id id = 0;
};

/// The attempt under this fence starts with nothing: what the ones before it left could not be had. Written down, and
/// their work counted as thrown away, once. errc::stale unless the job runs under this fence.
struct start_over {
  job_id id = 0;
  fence_t fence = 0;
  std::string why;
};

/// A scheduled job's time has come. errc::stale as for lease.
struct due {
  job_id id = 0;
  std::uint64_t version = 0;
  std::string lane;
  std::uint64_t epoch = 0;
};

/// errc::not_found, errc::wrong_state (already final; ok if already cancelled).
struct cancel {
  job_id id = 0;
  std::string reason;
};

/// errc::not_found, errc::wrong_state unless buried; errc::unknown_lane when neither its lane nor `else_lane` is known;
/// ok without a change for a live job that has run before and has all its attempts again.
struct kick {
  job_id id = 0;
  std::string else_lane{}; ///< Where it goes if its own lane is no longer configured.
};

/// The granter lengthened a lease. errc::stale unless the job runs under this fence.
struct extend {
  job_id id = 0;
  fence_t fence = 0;
  duration length{};
};

/// A lane actor died while handling this job (0: none known). See apply_lane_death.
struct lane_died {
  std::string lane;
  job_id id = 0;
  std::string what;
};

/// An operator pauses a lane, or says anew how long and why; without a wish the lane is resumed. errc::wrong_state when
/// there is no pause to end, or another than the one meant.
struct set_pause {
  std::string lane;
  std::optional<lane_pause> wished;
  std::optional<time_point> only_since{}; ///< Only the pause that began then: its time is over.
};

/// Opens a lane: raises its epoch. Answers with the new epoch; operations of older epochs are stale from now on.
struct open_lane {
  std::string lane;
};

/// The lanes that are configured from now on, in this life of the store. errc::wrong_state, naming each with the number
/// of its jobs, if another lane has jobs that have not ended: nobody would run them.
struct know_lanes {
  std::set<std::string> lanes;
  bool only_check = false;
};

/// One line of the log of automatic actions (table `events`), beside those the store writes itself with each change.
struct note {
  std::string kind; ///< For example "node_lost", "lane_restarted", "supervisor".
  std::string lane;
  std::string node;
  job_id id = 0;
  std::string text; ///< One sentence.
};

using operation = std::variant<submit, lease, end, move, due, cancel, kick, extend, lane_died, open_lane, note, carry,
                               look, reset, set_pause, know_lanes, start_over>;

/// The answer to one operation, in the order asked.
struct answer {
  std::optional<error> failure; ///< Set: nothing was changed by this operation.
  job_id id = 0;
  bool duplicate = false;          ///< submit only.
  std::uint64_t epoch = 0;         ///< open_lane only.
  std::optional<lane_pause> pause; ///< open_lane only: the lane's pause.
  std::optional<job> row; ///< lease: the job as leased, with its fence and attempt number; carry, look: as it runs.
  std::string input;      ///< lease: the payload.
};

/// What a lane keeps of a job: the feed's item and a page's row.
struct lane_entry {
  job_id id = 0;
  std::uint64_t version = 0;
  job_state state = job_state::ready;
  std::uint32_t priority = 0;
  std::uint64_t demoted_order = 0;
  time_point run_at{};
  std::string job_class;
  std::string overflow_from;
  bool cancel_requested = false; ///< Its attempt is to be stopped: a client's wish, or the job is condemned.
  fence_t fence = 0;             ///< The rest is meaningful while running.
  std::string node;
  duration lease{};
  std::uint32_t attempt = 0;
  std::uint32_t failures = 0; ///< counts.failures: what the backoff of a re-adopted attempt starts from.
  duration ran_before{};      ///< Of a carried attempt; see job::ran_before.
};

lane_entry entry_of(const job& row);

/// One committed change as one lane sees it. A job that changes lanes gives the old lane a `gone` and the new one an
/// entry; a final state is a `gone` too.
struct lane_change {
  std::string lane;
  std::uint64_t epoch = 0; ///< Of the lane when it was committed; one transaction may hold changes of two.
  std::uint64_t seq = 0;   ///< From 1 per epoch, without gaps.
  bool gone = false;       ///< The entry's job is no longer this lane's.
  lane_entry entry;        ///< Its id is 0 when the change is about the lane's pause.
  std::optional<lane_pause> pause{};
};

/// A committed change as watchers see it: the row of the table `events`.
struct event {
  std::uint64_t id = 0; ///< Grows; the cursor of `fabric events --follow` and `wait`.
  time_point at{};
  std::string kind; ///< submitted, leased, succeeded, retried, demoted, buried, cancelled, … or a note's.
  job_id job = 0;
  std::string job_class;
  std::string lane;
  std::string node;
  std::uint32_t attempt = 0;
  std::string text;
};

struct pruned_job {
  job_id id = 0;
  std::uint32_t attempts = 0; ///< Spool directories 1 .. attempts may be recycled.
};

/// What one committed transaction did.
struct batch_result {
  std::vector<answer> answers;
  std::vector<lane_change> changes;
  std::vector<event> events;
  std::vector<pruned_job> pruned;
  std::vector<std::pair<job_id, std::uint32_t>> old_attempts; ///< Of jobs that stay: no longer kept.
  std::vector<job_id> resets;                                 ///< Their checkpoints are to be removed.
  bool more_upkeep = false; ///< Pruning or shrinking ended at its budget: apply({}) soon.
};

} // namespace fabric::store
