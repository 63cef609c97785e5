#include "fabric/store/sqlite_check.hpp"

#include "fabric/job/limits.hpp"
#include "fabric/store/sqlite_connection.hpp"
#include "fabric/store/sqlite_statement.hpp"

namespace fabric::store {

namespace {

/// Rows of the query break the rule. Numbers of states: fabric/job/states.hpp.
struct rule {
  std::string_view name;
  std::string_view query;
};

static_assert(limits::attempts_kept == 8); // Named in a query.
constexpr rule rules[]{
    {"every reference has its row", "SELECT \"table\" || ' ' || coalesce(rowid, '?') || ' has no ' || parent "
                                    "FROM pragma_foreign_key_check"},
    {"a state is one of the seven", "SELECT 'job ' || id FROM jobs WHERE state NOT BETWEEN 1 AND 7"},
    {"a running job has its last attempt open",
     "SELECT 'job ' || id FROM jobs WHERE state=4 AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.job=jobs.id AND "
     "a.number=jobs.attempt AND a.fence=jobs.fence AND a.outcome=0)"},
    {"only the last attempt of a running job is open",
     "SELECT 'attempt ' || a.job || '.' || a.number FROM attempts a JOIN jobs j ON j.id=a.job WHERE a.outcome=0 AND "
     "NOT (j.state=4 AND a.number=j.attempt)"},
    {"a job's attempts are numbered without gaps",
     "SELECT 'job ' || j.id || ' says ' || j.attempt || ', has ' || count(a.number) FROM jobs j LEFT JOIN attempts a "
     "ON a.job=j.id GROUP BY j.id HAVING count(a.number)<min(j.attempt, 8) OR "
     "count(a.number)<>coalesce(max(a.number)-min(a.number)+1, 0) OR coalesce(max(a.number), 0)<>j.attempt"},
    {"a fence is given once",
     "SELECT 'fence ' || fence || ' has ' || count(*) || ' attempts' FROM attempts GROUP BY fence HAVING count(*)>1"},
    {"no fence is above its high-water mark",
     "SELECT 'job ' || job || ' has fence ' || fence FROM (SELECT job, fence FROM attempts UNION SELECT id, fence FROM "
     "jobs) WHERE fence>coalesce((SELECT value FROM meta WHERE name='fence'), 0)"},
    {"no job is above its high-water mark", "SELECT 'job ' || id FROM jobs WHERE max(id, key_order)>coalesce((SELECT "
                                            "value FROM meta WHERE name='job_mark'), 0)"},
    {"a job with an ordering key, and no other, has a place in its line",
     "SELECT 'job ' || id FROM jobs WHERE (ordering_key='')<>(key_order=0)"},
    {"a place in line is given once",
     "SELECT count(*) || ' jobs of key ' || ordering_key || ' have place ' || key_order FROM jobs WHERE key_order<>0 "
     "GROUP BY ordering_key, key_order HAVING count(*)>1"},
    {"of the unfinished jobs of an ordering key all but the first wait, and no others do",
     "SELECT 'job ' || j.id FROM jobs j WHERE j.state<5 AND (j.state=1)<>(j.ordering_key<>'' AND EXISTS(SELECT 1 FROM "
     "jobs o WHERE o.ordering_key=j.ordering_key AND o.ordering_key<>'' AND o.state<5 AND o.key_order<j.key_order))"},
    {"no event is above its high-water mark",
     "SELECT 'event ' || id FROM events WHERE id>coalesce((SELECT value FROM meta WHERE name='event_mark'), 0)"},
    {"every job has its input", "SELECT 'job ' || id FROM jobs WHERE id NOT IN (SELECT job FROM payloads)"},
    {"jobs that succeeded, and only they, have a result",
     "SELECT 'job ' || id FROM jobs WHERE (state=5)<>(id IN (SELECT job FROM results))"},
    {"a final job says when it ended", "SELECT 'job ' || id FROM jobs WHERE state>=5 AND finished_at=0"},
    {"a job says how large its texts are",
     "SELECT 'job ' || j.id || ' says ' || j.bytes FROM jobs j JOIN payloads p ON p.job=j.id LEFT JOIN results r ON "
     "r.job=j.id WHERE j.bytes<>length(CAST(p.input AS BLOB))+coalesce(length(CAST(r.result AS BLOB)), 0)"},
    {"a lane's totals add up",
     "SELECT 'lane ' || l.lane || ', state ' || l.state || ': ' || l.total || ', not ' || count(j.id) FROM "
     "(SELECT name AS lane, 1 AS state, waiting AS total FROM lanes UNION ALL SELECT name, 2, scheduled FROM lanes "
     "UNION ALL SELECT name, 3, ready FROM lanes UNION ALL SELECT name, 4, running FROM lanes "
     "UNION ALL SELECT name, 5, succeeded FROM lanes UNION ALL SELECT name, 6, buried FROM lanes "
     "UNION ALL SELECT name, 7, cancelled FROM lanes) l "
     "LEFT JOIN jobs j ON j.lane=l.lane AND j.state=l.state GROUP BY l.lane, l.state HAVING count(j.id)<>l.total"},
    {"every job's lane is known", "SELECT 'job ' || id || ': ' || lane FROM jobs "
                                  "WHERE lane NOT IN (SELECT name FROM lanes)"},
    {"the bytes of final jobs add up",
     "SELECT m.value || ', not ' || s.sum FROM (SELECT coalesce(sum(bytes), 0) AS sum FROM jobs WHERE state>=5) s JOIN "
     "(SELECT coalesce((SELECT value FROM meta WHERE name='final_bytes'), 0) AS value) m WHERE m.value<>s.sum"},
};

void look(sqlite_connection& db, std::string_view name, const std::string& query, std::vector<violation>& found) {
  sqlite_statement rows(db, query);
  for (std::size_t n = 0; n < violations_max && rows.row(); ++n) found.push_back({std::string(name), rows.text(0)});
  rows.stop();
}

/// SQLite answers "ok", or a line per fault; for a file too broken for that it fails as corrupt.
void look_at_file(sqlite_connection& db, check_depth depth, std::vector<violation>& found) {
  const auto pragma = std::string(depth == check_depth::full ? "integrity_check" : "quick_check");
  look(db, "the file is sound",
       "SELECT " + pragma + " FROM pragma_" + pragma + "(" + std::to_string(violations_max) + ") WHERE " + pragma +
           "<>'ok'",
       found);
}

} // namespace

expected<std::vector<violation>> check_store(sqlite_connection& db, check_depth depth) {
  std::vector<violation> found;
  db.exec("BEGIN");
  look_at_file(db, depth, found);
  if (found.empty())
    for (const auto& one : rules) look(db, one.name, std::string(one.query), found);
  const auto why = db.failed() ? std::optional(db.failure()) : std::nullopt;
  db.forget_failure();
  if (sqlite3_get_autocommit(db.raw()) == 0) db.exec("ROLLBACK");
  if (why) return tl::unexpected(*why);
  return found;
}

} // namespace fabric::store
