#pragma once

#include "fabric/job/limits.hpp"
#include "fabric/store/rows.hpp"
#include "fabric/store/sqlite_statement.hpp"
#include "fabric/store/waste.hpp"

#include <map>
#include <string>
#include <string_view>

/// Rows of the tables as values.
namespace fabric::store {

/// The columns that `read_job` expects, in order.
inline constexpr std::string_view job_columns =
    "id, class, lane, state, priority, version, demoted_order, overflow_from, run_at, submitted_at, finished_at, "
    "fence, attempt, max_attempts, failures, memory, lost, demoted, checkpointed, idempotency_key, owner, labels, "
    "reason, cancel_requested, node, lease, lane_deaths, wasted, bytes, ran_before, ordering_key, key_order, "
    "kept_on, kept_work";

/// The jobs of the ordering key ?1 that are in line (is_in_line), through their index.
inline constexpr std::string_view line_clause =
    "INDEXED BY jobs_in_line WHERE ordering_key=?1 AND ordering_key<>'' AND (state<5 OR (state=6 AND node<>''))";

/// The same for `read_attempt`, `read_event` and `read_entry`.
inline constexpr std::string_view attempt_columns =
    "job, number, fence, node, worker, lane, leased_at, started_at, ended_at, outcome, run_time, report, "
    "saved";
inline constexpr std::string_view event_columns = "id, at, kind, job, class, lane, node, attempt, text";
inline constexpr std::string_view entry_columns =
    "id, version, state, priority, demoted_order, run_at, class, overflow_from, "
    "cancel_requested OR (state=4 AND lane_deaths>=2), fence, node, lease, attempt, failures, "
    "ran_before";
static_assert(limits::lane_death_cap == 2); // Stands in the columns: is_condemned.

stored_job read_job(const sqlite_statement& from);
attempt read_attempt(const sqlite_statement& from);
event read_event(const sqlite_statement& from);
lane_entry read_entry(const sqlite_statement& from);

/// The table of what was thrown away.
waste_totals read_waste(sqlite_connection& db);

/// Labels as a JSON object; "" for none.
std::string labels_text(const std::map<std::string, std::string>& labels);
std::map<std::string, std::string> labels_from(const std::string& text);

} // namespace fabric::store
