#include "fabric/store/sqlite_list.hpp"

#include "fabric/store/counts.hpp"
#include "fabric/store/sqlite_codec.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <string>

namespace fabric::store {

namespace {

/// Few enough to be sorted well within the limit of a read.
constexpr std::int64_t few = 10'000;

struct page {
  sqlite_connection& db;
  const job_filter& filter;
  std::size_t limit;
  std::vector<job> rows;

  void take(const std::string& from, const std::string& lane, job_state state);
  void sort();
};

/// Runs one query and adds its rows. An empty lane or state 0 does not filter.
void page::take(const std::string& from, const std::string& lane, job_state state) {
  std::string sql = "SELECT " + std::string(job_columns) + " FROM jobs " + from + " WHERE id < ?1";
  if (state != job_state{})
    sql += " AND state = ?2 AND state " + std::string(state == job_state::succeeded ? ">=" : "<>") + " 5";
  if (!lane.empty()) sql += " AND lane = ?3";
  if (!filter.job_class.empty()) sql += " AND class = ?4";
  sql += " ORDER BY id DESC LIMIT ?5";
  sqlite_statement query(db, sql);
  const auto below =
      filter.after > 0 ? static_cast<std::int64_t>(filter.after) : std::numeric_limits<std::int64_t>::max();
  query.with(below, state, lane, filter.job_class, limit);
  while (query.row()) rows.push_back(read_job(query).row);
}

void page::sort() {
  std::ranges::sort(rows, std::ranges::greater{}, &job::id);
  if (rows.size() > limit) rows.resize(limit);
}

std::vector<std::string> lanes_of(sqlite_connection& db, const job_filter& filter) {
  if (!filter.lane.empty()) return {filter.lane};
  std::vector<std::string> lanes;
  sqlite_statement query(db, "SELECT name FROM lanes");
  while (query.row()) lanes.push_back(query.text(0));
  return lanes;
}

/// Newest first without sorting: within its column an index is ordered by id, as the table is.
std::string by_id(const job_filter& filter) {
  if (!filter.job_class.empty()) return "INDEXED BY jobs_of_class";
  return filter.lane.empty() ? "NOT INDEXED" : "INDEXED BY jobs_of_lane";
}

} // namespace

std::vector<job> list_jobs(sqlite_connection& db, const job_filter& filter) {
  page found{db, filter, std::clamp<std::size_t>(filter.limit, 1, page_limit), {}};
  if (filter.states.empty()) {
    found.take(by_id(filter), filter.lane, job_state{});
    return std::move(found.rows);
  }
  const auto lanes = lanes_of(db, filter);
  for (const auto state : std::set<job_state>(filter.states.begin(), filter.states.end())) {
    if (state == job_state::succeeded) {
      const bool rare = db.ask_number("SELECT sum(succeeded) FROM lanes").value_or(0) <= few;
      found.take(rare ? "INDEXED BY jobs_by_end" : by_id(filter), filter.lane, state);
    } else {
      for (const auto& lane : lanes) found.take("INDEXED BY jobs_by_lane", lane, state);
    }
  }
  found.sort();
  return std::move(found.rows);
}

} // namespace fabric::store
