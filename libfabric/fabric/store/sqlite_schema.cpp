#include "fabric/store/sqlite_schema.hpp"

#include "fabric/store/sqlite_connection.hpp"
#include "fabric/store/sqlite_copy.hpp"
#include "fabric/store/sqlite_settings.hpp"

#include <sqlite3.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <string>

namespace fabric::store {

namespace {

/// Numbers of states and outcomes: fabric/job/states.hpp. Instants and durations are microseconds (since 1970, UTC).
constexpr std::string_view version_1 = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE lanes(
  name TEXT PRIMARY KEY, epoch INTEGER NOT NULL,
  waiting INTEGER NOT NULL, scheduled INTEGER NOT NULL, ready INTEGER NOT NULL, running INTEGER NOT NULL,
  succeeded INTEGER NOT NULL, buried INTEGER NOT NULL, cancelled INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE jobs(
  id INTEGER PRIMARY KEY, class TEXT NOT NULL, lane TEXT NOT NULL, state INTEGER NOT NULL,
  priority INTEGER NOT NULL, version INTEGER NOT NULL, demoted_order INTEGER NOT NULL, overflow_from TEXT NOT NULL,
  run_at INTEGER NOT NULL, submitted_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, fence INTEGER NOT NULL,
  attempt INTEGER NOT NULL, max_attempts INTEGER NOT NULL, failures INTEGER NOT NULL, memory INTEGER NOT NULL,
  lost INTEGER NOT NULL, demoted INTEGER NOT NULL, checkpointed INTEGER NOT NULL, idempotency_key TEXT NOT NULL,
  owner TEXT NOT NULL, labels TEXT NOT NULL, reason TEXT NOT NULL, cancel_requested INTEGER NOT NULL,
  node TEXT NOT NULL, lease INTEGER NOT NULL, lane_deaths INTEGER NOT NULL, wasted INTEGER NOT NULL,
  bytes INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX jobs_by_key ON jobs(class, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX jobs_by_lane ON jobs(lane, state, id) WHERE state <> 5;
CREATE INDEX jobs_of_lane ON jobs(lane);
CREATE INDEX jobs_of_class ON jobs(class);
CREATE INDEX jobs_by_end ON jobs(state, finished_at) WHERE state >= 5;
CREATE TABLE payloads(job INTEGER PRIMARY KEY REFERENCES jobs(id) ON DELETE CASCADE, input TEXT NOT NULL) STRICT;
CREATE TABLE results(
  job INTEGER PRIMARY KEY REFERENCES jobs(id) ON DELETE CASCADE, at INTEGER NOT NULL, result TEXT NOT NULL) STRICT;
CREATE TABLE attempts(
  job INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE, number INTEGER NOT NULL, fence INTEGER NOT NULL,
  node TEXT NOT NULL, worker TEXT NOT NULL, lane TEXT NOT NULL, leased_at INTEGER NOT NULL,
  started_at INTEGER NOT NULL DEFAULT 0, ended_at INTEGER NOT NULL DEFAULT 0, outcome INTEGER NOT NULL DEFAULT 0,
  reported INTEGER NOT NULL DEFAULT 0, run_time INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
  spool_bytes INTEGER NOT NULL DEFAULT 0, report TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(job, number)) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_demoted ON attempts(lane, run_time) WHERE outcome = 4;
CREATE TABLE events(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, job INTEGER NOT NULL, class TEXT NOT NULL,
  lane TEXT NOT NULL, node TEXT NOT NULL, attempt INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE VIEW jobs_view AS SELECT
  id, class, lane,
  CASE state WHEN 1 THEN 'waiting' WHEN 2 THEN 'scheduled' WHEN 3 THEN 'ready' WHEN 4 THEN 'running'
    WHEN 5 THEN 'succeeded' WHEN 6 THEN 'buried' WHEN 7 THEN 'cancelled' END AS state,
  priority, attempt, max_attempts, reason, node, owner, labels, idempotency_key,
  strftime('%Y-%m-%dT%H:%M:%fZ', submitted_at / 1e6, 'unixepoch') AS submitted_at,
  iif(run_at = 0, NULL, strftime('%Y-%m-%dT%H:%M:%fZ', run_at / 1e6, 'unixepoch')) AS run_at,
  iif(finished_at = 0, NULL, strftime('%Y-%m-%dT%H:%M:%fZ', finished_at / 1e6, 'unixepoch')) AS finished_at
  FROM jobs;
CREATE VIEW attempts_view AS SELECT
  job, number, fence, node, worker, lane,
  CASE outcome WHEN 0 THEN 'none' WHEN 1 THEN 'succeeded' WHEN 2 THEN 'failed' WHEN 3 THEN 'timed_out'
    WHEN 4 THEN 'demoted' WHEN 5 THEN 'checkpointed' WHEN 6 THEN 'memory_exceeded' WHEN 7 THEN 'crashed'
    WHEN 8 THEN 'lost' WHEN 9 THEN 'drained' WHEN 10 THEN 'cancelled' END AS outcome,
  strftime('%Y-%m-%dT%H:%M:%fZ', leased_at / 1e6, 'unixepoch') AS leased_at,
  iif(started_at = 0, NULL, strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1e6, 'unixepoch')) AS started_at,
  iif(ended_at = 0, NULL, strftime('%Y-%m-%dT%H:%M:%fZ', ended_at / 1e6, 'unixepoch')) AS ended_at,
  run_time / 1e6 AS run_seconds, reason, report
  FROM attempts;
CREATE VIEW events_view AS SELECT
  id, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') AS at, kind, job, class, lane, node, attempt, text
  FROM events;
)sql";

/// What was thrown away is known from the attempts that are kept.
constexpr std::string_view version_2 = R"sql(
ALTER TABLE jobs ADD COLUMN ran_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN saved INTEGER NOT NULL DEFAULT 0;
CREATE TABLE waste(
  kind TEXT NOT NULL, name TEXT NOT NULL, wasted INTEGER NOT NULL, PRIMARY KEY(kind, name)) STRICT, WITHOUT ROWID;
INSERT INTO waste SELECT 'lane', lane, sum(run_time) FROM attempts WHERE outcome IN (4, 8, 9) GROUP BY lane;
INSERT INTO waste SELECT 'node', node, sum(run_time) FROM attempts WHERE outcome IN (4, 8, 9) GROUP BY node;
INSERT INTO waste SELECT 'class', jobs.class, sum(run_time) FROM attempts JOIN jobs ON jobs.id = attempts.job
  WHERE outcome IN (4, 8, 9) GROUP BY jobs.class;
CREATE TABLE pauses(
  lane TEXT PRIMARY KEY, since INTEGER NOT NULL, until INTEGER NOT NULL, reason TEXT NOT NULL) STRICT, WITHOUT ROWID;
)sql";

/// Free pages can be given back: an older file learns that only by being written anew.
constexpr std::string_view version_3 = "";

/// Only jobs with an ordering key are in its index, and most of them leave it when they end.
constexpr std::string_view version_4 = R"sql(
ALTER TABLE jobs ADD COLUMN ordering_key TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN key_order INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_in_line ON jobs(ordering_key, key_order)
  WHERE ordering_key <> '' AND (state < 5 OR (state = 6 AND node <> ''));
DROP VIEW jobs_view;
CREATE VIEW jobs_view AS SELECT
  id, class, lane,
  CASE state WHEN 1 THEN 'waiting' WHEN 2 THEN 'scheduled' WHEN 3 THEN 'ready' WHEN 4 THEN 'running'
    WHEN 5 THEN 'succeeded' WHEN 6 THEN 'buried' WHEN 7 THEN 'cancelled' END AS state,
  priority, attempt, max_attempts, reason, node, owner, labels, idempotency_key, ordering_key, key_order,
  strftime('%Y-%m-%dT%H:%M:%fZ', submitted_at / 1e6, 'unixepoch') AS submitted_at,
  iif(run_at = 0, NULL, strftime('%Y-%m-%dT%H:%M:%fZ', run_at / 1e6, 'unixepoch')) AS run_at,
  iif(finished_at = 0, NULL, strftime('%Y-%m-%dT%H:%M:%fZ', finished_at / 1e6, 'unixepoch')) AS finished_at
  FROM jobs;
)sql";

/// Until now what attempts left was found on their own node only, and the last one's is the newest.
constexpr std::string_view version_5 = R"sql(
ALTER TABLE jobs ADD COLUMN kept_on TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN kept_work INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET kept_on = coalesce(
  (SELECT node FROM attempts WHERE job = jobs.id AND started_at <> 0 ORDER BY number DESC LIMIT 1), '')
  WHERE attempt > 0 AND state <> 5;
)sql";

constexpr std::array<migration, 5> all{
    {{1, version_1}, {2, version_2}, {3, version_3, true}, {4, version_4}, {5, version_5}}};
static_assert(all.back().to == schema_version);

error newer(const sqlite_connection& db, std::int64_t found, std::int64_t known) {
  return {errc::incompatible,
          "the store has schema version " + std::to_string(found) + ", this build knows " + std::to_string(known) +
              ": use a newer build, or the copy that the migration left",
          db.path()};
}

tl::unexpected<error> foreign(const std::string& path) {
  return fail(errc::io_error, "this SQLite file is no store of a job fabric", path);
}

/// A file that another program made is not ours to change.
bool is_foreign(sqlite_connection& db) {
  if (db.ask_number("PRAGMA application_id") == application_id) return false;
  return db.ask_number("SELECT count(*) FROM sqlite_schema").value_or(1) != 0;
}

/// Copies the store as it is now; the copy is on disk when this returns.
expected<void> copy_aside(sqlite_connection& db, std::int64_t last) {
  const std::string copy = db.path() + ".before-v" + std::to_string(last);
  ::unlink(copy.c_str());
  return copy_store(db, copy);
}

/// The new file is made beside the old one, on the disk of temporary files, and then written over it as one commit.
bool rewrite(sqlite_connection& db) {
  if (gives_pages_back(db) || db.failed()) return !db.failed();
  return have_pages_given_back(db) && db.exec("PRAGMA temp_store=FILE") && db.exec("VACUUM") &&
         db.exec("PRAGMA temp_store=MEMORY") && db.cut_log();
}

bool run_step(sqlite_connection& db, const migration& step) {
  const bool done = (!step.rewrites || rewrite(db)) && db.exec("BEGIN IMMEDIATE") && db.exec(std::string(step.sql)) &&
                    db.exec("PRAGMA application_id=" + std::to_string(application_id)) &&
                    db.exec("PRAGMA user_version=" + std::to_string(step.to)) && db.exec("COMMIT");
  return done;
}

} // namespace

std::span<const migration> migrations() { return all; }

/// https://www.sqlite.org/fileformat.html, "The Database Header": page size at 16, file format at 18 (1: rollback, 2:
/// WAL), application id at 68; big-endian.
expected<void> refuse_foreign_file(const std::string& path) {
  std::array<unsigned char, 100> head{};
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto size = static_cast<std::int64_t>(file.tellg());
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(head.data()), head.size())) return {};
  constexpr std::string_view magic{"SQLite format 3\0", 16};
  if (!std::equal(magic.begin(), magic.end(), head.begin())) return {}; // SQLite refuses it, and changes nothing.
  const auto number = [&](std::size_t at, std::size_t bytes) {
    std::int64_t sum = 0;
    for (std::size_t i = at; i < at + bytes; ++i) sum = sum << 8 | head[i];
    return sum;
  };
  const bool one_page = size <= std::max<std::int64_t>(number(16, 2), 512); // Nothing is in it.
  const bool rollback_mode = head[18] == 1;
  return rollback_mode && !one_page && number(68, 4) != application_id ? foreign(path) : expected<void>{};
}

expected<std::int64_t> migrate(sqlite_connection& db, std::span<const migration> steps) {
  if (is_foreign(db)) {
    if (db.failed()) return tl::unexpected(db.failure());
    return foreign(db.path());
  }
  const auto found = db.ask_number("PRAGMA user_version").value_or(0);
  if (db.failed()) return tl::unexpected(db.failure());
  const auto last = steps.back().to;
  if (found > last) return tl::unexpected(newer(db, found, last));
  if (found > 0 && found < last)
    if (auto copied = copy_aside(db, last); !copied) return tl::unexpected(copied.error());
  for (const auto& step : steps)
    if (step.to > found && !run_step(db, step)) {
      const auto why = db.failure();
      sqlite3_exec(db.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
      return tl::unexpected(why);
    }
  if (!gives_pages_back(db) && !db.failed())
    return fail(errc::io_error, "SQLite setting auto_vacuum reads back as off, not incremental", db.path());
  if (db.failed()) return tl::unexpected(db.failure());
  return found;
}

expected<void> check_version(sqlite_connection& db, std::int64_t version) {
  const bool another_s = is_foreign(db);
  const auto found = db.ask_number("PRAGMA user_version").value_or(0);
  if (db.failed()) return tl::unexpected(db.failure());
  if (another_s) return foreign(db.path());
  if (found > version) return tl::unexpected(newer(db, found, version));
  if (found < version)
    return fail(errc::incompatible,
                "the store has schema version " + std::to_string(found) + ", this build reads " +
                    std::to_string(version) + ": start this build's fabricd on it, which migrates it",
                db.path());
  return {};
}

} // namespace fabric::store
