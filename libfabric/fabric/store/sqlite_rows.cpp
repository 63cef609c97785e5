#include "fabric/store/sqlite_rows.hpp"

#include "fabric/store/sqlite_codec.hpp"

#include <algorithm>

namespace fabric::store {

namespace {

std::string select_job() { return "SELECT " + std::string(job_columns) + " FROM jobs WHERE id=?1"; }

/// One ?n per name of a list of columns.
std::string insert_sql(std::string_view table, std::string_view columns) {
  std::string values = "?";
  for (const char c : columns)
    if (c == ',') values += ",?";
  return "INSERT INTO " + std::string(table) + "(" + std::string(columns) + ") VALUES(" + values + ")";
}

/// The compare-and-set stands in the statement itself: a row at another version is not changed. Naming the lane costs
/// two indexes, whether it changes or not.
std::string update_sql(bool with_lane) {
  return "UPDATE jobs SET " + std::string(with_lane ? "lane=?2, " : "") +
         "state=?3, version=?4, demoted_order=?5, overflow_from=?6, run_at=?7, finished_at=?8, fence=?9, attempt=?10, "
         "failures=?11, memory=?12, lost=?13, demoted=?14, checkpointed=?15, reason=?16, cancel_requested=?17, "
         "node=?18, lease=?19, lane_deaths=?20, wasted=?21, bytes=?22, ran_before=?23, key_order=?24, "
         "kept_on=?25, kept_work=?26 WHERE id=?1 AND version=?4-1";
}
std::string head_sql() {
  return "SELECT id, state, node, finished_at, lease FROM jobs " + std::string(line_clause) + " ORDER BY key_order";
}

constexpr std::string_view close_sql =
    "UPDATE attempts SET started_at=?3, ended_at=?4, outcome=?5, reported=?6, "
    "run_time=?7, reason=?8, spool_bytes=?9, report=?10, saved=?11 WHERE job=?1 AND number=?2";

constexpr std::string_view oldest_final_sql = "SELECT id, finished_at, lane, attempt, bytes FROM jobs "
                                              "INDEXED BY jobs_by_end WHERE state=?1 AND state>=5 "
                                              "ORDER BY finished_at, id LIMIT 1";

std::string live_sql() {
  return "SELECT " + std::string(entry_columns) +
         " FROM jobs INDEXED BY jobs_by_lane WHERE lane=?1 AND state=?2 AND state<>5 AND id>?3 ORDER BY id LIMIT ?4";
}

} // namespace

sqlite_rows::sqlite_rows(sqlite_connection& db)
    : db_(db), find_(db, select_job()),
      find_key_(db, "SELECT id FROM jobs WHERE class=?1 AND idempotency_key=?2 AND idempotency_key<>''"),
      head_of_(db, head_sql()), input_(db, "SELECT input FROM payloads WHERE job=?1"),
      insert_job_(db, insert_sql("jobs", job_columns)), insert_payload_(db, insert_sql("payloads", "job, input")),
      update_(db, update_sql(true)), update_in_lane_(db, update_sql(false)),
      put_result_(db, "INSERT OR REPLACE INTO results(job, at, result) VALUES(?1, ?2, ?3)"),
      insert_attempt_(db, insert_sql("attempts", "job, number, fence, node, worker, lane, leased_at")),
      erase_attempts_(db, "DELETE FROM attempts WHERE job=?1 AND number<=?2"),
      find_attempt_(db, "SELECT number, reported FROM attempts WHERE job=?1 AND fence=?2"),
      carry_attempt_(db, "UPDATE attempts SET lane=?3, worker=?4 WHERE job=?1 AND number=?2"),
      close_attempt_(db, close_sql), log_(db, insert_sql("events", event_columns)), oldest_final_(db, oldest_final_sql),
      erase_(db, "DELETE FROM jobs WHERE id=?1"), oldest_event_(db, "SELECT at FROM events ORDER BY id LIMIT 1"),
      erase_event_(db, "DELETE FROM events WHERE id=(SELECT min(id) FROM events)"), live_(db, live_sql()),
      put_meta_(db, "INSERT OR REPLACE INTO meta(name, value) VALUES(?1, ?2)"),
      put_pause_(db, "INSERT OR REPLACE INTO pauses VALUES(?1, ?2, ?3, ?4)"),
      drop_pause_(db, "DELETE FROM pauses WHERE lane=?1"),
      put_lane_(db, "INSERT OR REPLACE INTO lanes VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"),
      put_waste_(db, "INSERT OR REPLACE INTO waste(kind, name, wasted) VALUES(?1, ?2, ?3)") {}

std::optional<stored_job> sqlite_rows::find(job_id id) {
  if (!find_.with(id).row()) return std::nullopt;
  auto found = read_job(find_);
  find_.stop();
  return found;
}

std::optional<job_id> sqlite_rows::find_key(std::string_view job_class, std::string_view key) {
  if (!find_key_.with(job_class, key).row()) return std::nullopt;
  const auto id = find_key_.as<job_id>(0);
  find_key_.stop();
  return id;
}

key_head sqlite_rows::head_of(std::string_view ordering_key) {
  key_head head;
  head_of_.with(ordering_key);
  while (!head.first && head_of_.row()) {
    job row;
    row.state = head_of_.as<job_state>(1);
    row.node = head_of_.text(2);
    row.finished_at = head_of_.as<time_point>(3);
    row.lease = head_of_.as<duration>(4);
    if (is_final(row.state))
      head.free_at = std::max(head.free_at, left_until(row));
    else
      head.first = head_of_.as<job_id>(0);
  }
  head_of_.stop();
  return head;
}

std::string sqlite_rows::input(job_id id) {
  if (!input_.with(id).row()) return {};
  auto text = input_.text(0);
  input_.stop();
  return text;
}

void sqlite_rows::insert(const stored_job& added, const std::string& input) {
  const auto& row = added.row;
  const auto& n = row.counts;
  const auto labels = labels_text(row.labels);
  insert_job_
      .with(row.id, row.job_class, row.lane, row.state, row.priority, row.version, row.demoted_order, row.overflow_from,
            row.run_at, row.submitted_at, row.finished_at, row.fence, row.attempt, row.max_attempts, n.failures,
            n.memory, n.lost, n.demoted, n.checkpointed, row.idempotency_key, row.owner, labels, row.reason,
            row.cancel_requested, row.node, row.lease, row.lane_deaths, row.wasted, added.bytes, row.ran_before,
            row.ordering_key, row.key_order, row.kept_on, row.kept_work)
      .run();
  insert_payload_.with(row.id, input).run();
}

void sqlite_rows::update(const stored_job& before, const stored_job& after) {
  const auto& row = after.row;
  const auto& n = row.counts;
  (before.row.lane == row.lane ? update_in_lane_ : update_)
      .with(row.id, row.lane, row.state, row.version, row.demoted_order, row.overflow_from, row.run_at, row.finished_at,
            row.fence, row.attempt, n.failures, n.memory, n.lost, n.demoted, n.checkpointed, row.reason,
            row.cancel_requested, row.node, row.lease, row.lane_deaths, row.wasted, after.bytes, row.ran_before,
            row.key_order, row.kept_on, row.kept_work)
      .run();
  // The only writer read this row in the same transaction: if it changed since, the file is not what we think it is.
  if (!failed() && sqlite3_changes(db_.raw()) != 1)
    db_.note(SQLITE_CORRUPT, "job " + std::to_string(row.id) + " was changed by somebody else while it was written");
}

void sqlite_rows::put_result(job_id id, std::string_view result, time_point now) {
  put_result_.with(id, now, result).run();
}

void sqlite_rows::insert_attempt(const attempt& a) {
  insert_attempt_.with(a.job, a.number, a.fence, a.node, a.worker, a.lane, a.leased_at).run();
}

void sqlite_rows::erase_attempts(job_id id, std::uint32_t last) { erase_attempts_.with(id, last).run(); }

std::optional<attempt_fate> sqlite_rows::find_attempt(job_id id, fence_t fence) {
  if (!find_attempt_.with(id, fence).row()) return std::nullopt;
  const attempt_fate fate{find_attempt_.as<std::uint32_t>(0), find_attempt_.as<outcome>(1)};
  find_attempt_.stop();
  return fate;
}

void sqlite_rows::carry_attempt(job_id id, std::uint32_t number, std::string_view lane, std::string_view worker) {
  carry_attempt_.with(id, number, lane, worker).run();
}

void sqlite_rows::close_attempt(const attempt_close& c) {
  close_attempt_
      .with(c.job, c.number, c.how->started_at, c.ended_at, c.ended_as, c.reported, c.how->run_time, c.how->reason,
            c.how->spool_bytes, c.how->report, c.how->saved)
      .run();
}

void sqlite_rows::log(const event& e) {
  log_.with(e.id, e.at, e.kind, e.job, e.job_class, e.lane, e.node, e.attempt, e.text).run();
}

std::optional<final_row> sqlite_rows::oldest_final(job_state state) {
  if (!oldest_final_.with(state).row()) return std::nullopt;
  final_row found{oldest_final_.as<job_id>(0),        state,
                  oldest_final_.as<time_point>(1),    oldest_final_.text(2),
                  oldest_final_.as<std::uint32_t>(3), oldest_final_.as<std::uint64_t>(4)};
  oldest_final_.stop();
  return found;
}

void sqlite_rows::erase(job_id id) { erase_.with(id).run(); }

std::optional<time_point> sqlite_rows::oldest_event() {
  if (!oldest_event_.with().row()) return std::nullopt;
  const auto at = oldest_event_.as<time_point>(0);
  oldest_event_.stop();
  return at;
}

void sqlite_rows::erase_oldest_event() { erase_event_.with().run(); }

std::vector<lane_entry> sqlite_rows::live_in(const std::string& lane, job_state state, job_id after,
                                             std::size_t limit) {
  std::vector<lane_entry> found;
  live_.with(lane, state, after, limit);
  while (live_.row()) found.push_back(read_entry(live_));
  return found;
}

/// Looked for once in a while only; see job_store.hpp.
std::vector<job_id> sqlite_rows::unsettled_resets() {
  sqlite_statement ask(db_, "SELECT DISTINCT e.job FROM events e JOIN jobs j ON j.id = e.job "
                            "WHERE e.kind = 'reset' AND j.node = '' AND NOT EXISTS (SELECT 1 FROM attempts a "
                            "WHERE a.job = e.job AND a.number > e.attempt AND a.started_at <> 0) ORDER BY e.job");
  std::vector<job_id> found;
  ask.with();
  while (ask.row()) found.push_back(ask.as<job_id>(0));
  ask.stop();
  return found;
}

void sqlite_rows::put_meta(std::string_view name, std::uint64_t value) { put_meta_.with(name, value).run(); }

ledger sqlite_rows::load_ledger() {
  ledger read;
  const auto meta = [&](const char* name) {
    return static_cast<std::uint64_t>(
        db_.ask_number("SELECT value FROM meta WHERE name='" + std::string(name) + "'").value_or(0));
  };
  read.last_job = read.job_mark = meta("job_mark");
  read.last_fence = meta("fence");
  read.last_event = read.event_mark = meta("event_mark");
  read.kept_events = static_cast<std::uint64_t>(db_.ask_number("SELECT count(*) FROM events").value_or(0));
  read.last_demotion = meta("demotion");
  read.final_bytes = meta("final_bytes");
  read.stale_ends = meta("stale_ends");
  sqlite_statement lanes(db_, "SELECT * FROM lanes");
  while (lanes.row()) {
    auto& lane = read.lanes[lanes.text(0)];
    lane.epoch = lanes.as<std::uint64_t>(1);
    for (int state = 1; state <= 7; ++state)
      lane.jobs[static_cast<std::size_t>(state)] = lanes.as<std::uint64_t>(state + 1);
  }
  sqlite_statement pauses(db_, "SELECT lane, since, until, reason FROM pauses");
  while (pauses.row())
    read.lanes[pauses.text(0)].pause = lane_pause{pauses.as<time_point>(1), pauses.as<time_point>(2), pauses.text(3)};
  read.wasted = read_waste(db_);
  return read;
}

void sqlite_rows::save_pause(const std::string& lane, const std::optional<lane_pause>& now) {
  if (now)
    put_pause_.with(lane, now->since, now->until, now->reason).run();
  else
    drop_pause_.with(lane).run();
}

void sqlite_rows::save_waste(std::string_view kind, const waste_totals::sums& before, const waste_totals::sums& after) {
  for (const auto& [name, sum] : after)
    if (const auto old = before.find(name); old == before.end() || old->second != sum)
      put_waste_.with(kind, name, sum).run();
}

void sqlite_rows::save_ledger(const ledger& before, const ledger& after) {
  const auto save = [&](std::string_view name, std::uint64_t old_value, std::uint64_t value) {
    if (old_value != value) put_meta(name, value);
  };
  save("job_mark", before.job_mark, after.job_mark);
  save("fence", before.last_fence, after.last_fence);
  save("event_mark", before.event_mark, after.event_mark);
  save("demotion", before.last_demotion, after.last_demotion);
  save("final_bytes", before.final_bytes, after.final_bytes);
  save("stale_ends", before.stale_ends, after.stale_ends);
  save_waste("lane", before.wasted.lanes, after.wasted.lanes);
  save_waste("class", before.wasted.classes, after.wasted.classes);
  save_waste("node", before.wasted.nodes, after.wasted.nodes);
  for (const auto& [name, lane] : after.lanes) {
    const auto old = before.lanes.find(name);
    if (lane.pause != (old == before.lanes.end() ? std::nullopt : old->second.pause)) save_pause(name, lane.pause);
    if (old != before.lanes.end() && old->second.epoch == lane.epoch && old->second.jobs == lane.jobs) continue;
    const auto& n = lane.jobs;
    put_lane_.with(name, lane.epoch, n[1], n[2], n[3], n[4], n[5], n[6], n[7]).run();
  }
}

} // namespace fabric::store
