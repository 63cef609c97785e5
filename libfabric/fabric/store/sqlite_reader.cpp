#include "fabric/store/sqlite_reader.hpp"

#include "fabric/store/counts.hpp"
#include "fabric/store/sqlite_codec.hpp"
#include "fabric/store/sqlite_list.hpp"
#include "fabric/store/sqlite_schema.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace fabric::store {

struct sqlite_reader::state {
  state(std::unique_ptr<sqlite_connection> opened, std::chrono::milliseconds most)
      : db(std::move(opened)), limit(most), find(*db, select("jobs", job_columns, "WHERE id=?1")),
        attempts(*db, select("attempts", attempt_columns, "WHERE job=?1 ORDER BY number")),
        input(*db, "SELECT input FROM payloads WHERE job=?1"), result(*db, "SELECT result FROM results WHERE job=?1"),
        events(*db, select("events", event_columns, "WHERE id>?1 ORDER BY id LIMIT ?2")),
        last_events(*db, select("events", event_columns, "ORDER BY id DESC LIMIT ?1")),
        first(*db, select("jobs", "id, state", std::string(line_clause) + " AND state<5 ORDER BY key_order LIMIT 1")),
        ahead(*db, select("jobs", "count(*)", std::string(line_clause) + " AND key_order<?2")) {}

  static std::string select(std::string_view table, std::string_view columns, std::string_view rest) {
    return "SELECT " + std::string(columns) + " FROM " + std::string(table) + " " + std::string(rest);
  }

  /// Runs `questions` in one read transaction, so that all of its answers are of one instant, and within the limit.
  template <class Questions> auto ask(Questions questions) -> expected<decltype(questions())> {
    db->forget_failure();
    db->set_deadline(std::chrono::steady_clock::now() + limit);
    db->exec("BEGIN");
    auto answers = questions();
    db->set_deadline(std::nullopt);
    std::optional<error> why;
    if (db->failed()) why = db->failure();
    db->forget_failure();
    if (sqlite3_get_autocommit(db->raw()) == 0) db->exec("ROLLBACK");
    if (why) return tl::unexpected(*why);
    return answers;
  }

  // The rest is to be called by such questions.
  std::optional<job> row(job_id id) {
    if (!find.with(id).row()) return std::nullopt;
    auto found = read_job(find).row;
    find.stop();
    return found;
  }

  std::vector<attempt> attempts_of(job_id id) {
    std::vector<attempt> rows;
    attempts.with(id);
    while (attempts.row()) rows.push_back(read_attempt(attempts));
    return rows;
  }

  std::optional<key_line> line_of(const job& j) {
    if (j.state != job_state::waiting || !first.with(j.ordering_key).row()) return std::nullopt;
    key_line line{first.as<job_id>(0), first.as<job_state>(1)};
    first.stop();
    if (ahead.with(j.ordering_key, j.key_order).row()) line.ahead = ahead.as<std::uint64_t>(0);
    ahead.stop();
    return line;
  }

  std::unique_ptr<sqlite_connection> db;
  std::chrono::milliseconds limit;
  sqlite_statement find, attempts, input, result, events, last_events, first, ahead;
};

namespace {

std::optional<std::string> text_of(sqlite_statement& query, job_id id) {
  if (!query.with(id).row()) return std::nullopt;
  auto text = query.text(0);
  query.stop();
  return text;
}

std::map<std::string, lane_counts> count_lanes(sqlite_connection& db) {
  std::map<std::string, lane_counts> lanes;
  sqlite_statement totals(db, "SELECT * FROM lanes");
  while (totals.row()) {
    state_totals jobs{};
    for (int state = 1; state <= 7; ++state)
      jobs[static_cast<std::size_t>(state)] = totals.as<std::uint64_t>(state + 1);
    lanes.emplace(totals.text(0), counts_of(totals.text(0), jobs));
  }
  sqlite_statement demoted(db, "SELECT lane, count(*) FROM attempts WHERE outcome=4 GROUP BY lane");
  while (demoted.row()) {
    auto& lane = lanes[demoted.text(0)];
    lane.lane = demoted.text(0);
    lane.demoted_out = demoted.as<std::uint64_t>(1);
  }
  for (const auto& [name, sum] : read_waste(db).lanes) {
    lanes[name].lane = name;
    lanes[name].wasted = sum;
  }
  return lanes;
}

} // namespace

expected<std::unique_ptr<sqlite_reader>> sqlite_reader::open(const std::string& path, std::chrono::milliseconds limit) {
  auto db = sqlite_connection::open_reader(path);
  if (!db) return tl::unexpected(db.error());
  if (auto fits = check_version(**db, schema_version); !fits) return tl::unexpected(fits.error());
  auto made = std::make_unique<state>(std::move(*db), limit);
  if (made->db->failed()) return tl::unexpected(made->db->failure());
  return std::unique_ptr<sqlite_reader>(new sqlite_reader(std::move(made)));
}

sqlite_reader::sqlite_reader(std::unique_ptr<state> made) : state_(std::move(made)) {}

sqlite_reader::~sqlite_reader() = default;

expected<job> sqlite_reader::find(job_id id) {
  auto rows = find_all(std::span(&id, 1));
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return no_job(id);
  return std::move(rows->front());
}

expected<std::vector<job>> sqlite_reader::find_all(std::span<const job_id> ids) {
  return state_->ask([&] {
    std::vector<job> rows;
    for (const auto id : ids)
      if (auto found = state_->row(id)) rows.push_back(*std::move(found));
    return rows;
  });
}

expected<std::vector<attempt>> sqlite_reader::attempts(job_id id) {
  return state_->ask([&] { return state_->attempts_of(id); });
}

expected<job_record> sqlite_reader::details(job_id id) {
  auto all = state_->ask([&]() -> std::optional<job_record> {
    auto row = state_->row(id);
    if (!row) return std::nullopt;
    auto line = state_->line_of(*row);
    return job_record{*std::move(row), state_->attempts_of(id), text_of(state_->input, id).value_or(""),
                      text_of(state_->result, id), std::move(line)};
  });
  if (!all) return tl::unexpected(all.error());
  if (!*all) return no_job(id);
  return std::move(**all);
}

expected<std::string> sqlite_reader::input(job_id id) {
  auto text = state_->ask([&] { return text_of(state_->input, id); });
  if (!text) return tl::unexpected(text.error());
  if (!*text) return no_job(id);
  return std::move(**text);
}

expected<std::optional<std::string>> sqlite_reader::result(job_id id) {
  return state_->ask([&] { return text_of(state_->result, id); });
}

expected<std::vector<job>> sqlite_reader::list(const job_filter& filter) {
  return state_->ask([&] { return list_jobs(*state_->db, filter); });
}

expected<std::vector<event>> sqlite_reader::events(std::uint64_t after, std::size_t limit) {
  return state_->ask([&] {
    std::vector<event> rows;
    auto& query = state_->events.with(after, std::min(limit, page_limit));
    while (query.row()) rows.push_back(read_event(query));
    return rows;
  });
}

expected<std::vector<event>> sqlite_reader::last_events(std::size_t limit) {
  return state_->ask([&] {
    std::vector<event> rows;
    auto& query = state_->last_events.with(std::min(limit, page_limit));
    while (query.row()) rows.push_back(read_event(query));
    std::ranges::reverse(rows);
    return rows;
  });
}

expected<std::uint64_t> sqlite_reader::stale_ends() {
  return state_->ask([&] {
    const auto count = state_->db->ask_number("SELECT value FROM meta WHERE name='stale_ends'");
    return static_cast<std::uint64_t>(count.value_or(0));
  });
}

expected<waste_totals> sqlite_reader::wasted() {
  return state_->ask([&] { return read_waste(*state_->db); });
}

expected<std::vector<lane_counts>> sqlite_reader::counts() {
  return state_->ask([&] {
    std::vector<lane_counts> all;
    for (auto& [name, lane] : count_lanes(*state_->db)) all.push_back(std::move(lane));
    return all;
  });
}

} // namespace fabric::store
