#include "fabric/store/sqlite_codec.hpp"

#include <nlohmann/json.hpp>

namespace fabric::store {

namespace {

/// Takes the columns of a row one after the other.
struct columns {
  const sqlite_statement& from;
  int next = 0;

  template <class T> void operator()(T& field) { field = from.as<T>(next++); }
  template <class... T> void all(T&... fields) { ((*this)(fields), ...); }
};

} // namespace

std::string labels_text(const std::map<std::string, std::string>& labels) {
  if (labels.empty()) return {};
  return nlohmann::json(labels).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::map<std::string, std::string> labels_from(const std::string& text) {
  std::map<std::string, std::string> labels;
  if (text.empty()) return labels;
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_object()) return labels;
  for (const auto& [key, value] : parsed.items())
    if (value.is_string()) labels.emplace(key, value.get<std::string>());
  return labels;
}

stored_job read_job(const sqlite_statement& from) {
  stored_job read;
  auto& row = read.row;
  auto& n = row.counts;
  std::string labels;
  columns{from}.all(row.id, row.job_class, row.lane, row.state, row.priority, row.version, row.demoted_order,
                    row.overflow_from, row.run_at, row.submitted_at, row.finished_at, row.fence, row.attempt,
                    row.max_attempts, n.failures, n.memory, n.lost, n.demoted, n.checkpointed, row.idempotency_key,
                    row.owner, labels, row.reason, row.cancel_requested, row.node, row.lease, row.lane_deaths,
                    row.wasted, read.bytes, row.ran_before, row.ordering_key, row.key_order, row.kept_on,
                    row.kept_work);
  row.labels = labels_from(labels);
  return read;
}

attempt read_attempt(const sqlite_statement& from) {
  attempt read;
  columns{from}.all(read.job, read.number, read.fence, read.node, read.worker, read.lane, read.leased_at,
                    read.started_at, read.ended_at, read.ended_as, read.run_time, read.report, read.saved);
  return read;
}

event read_event(const sqlite_statement& from) {
  event read;
  columns{from}.all(read.id, read.at, read.kind, read.job, read.job_class, read.lane, read.node, read.attempt,
                    read.text);
  return read;
}

lane_entry read_entry(const sqlite_statement& from) {
  lane_entry read;
  columns{from}.all(read.id, read.version, read.state, read.priority, read.demoted_order, read.run_at, read.job_class,
                    read.overflow_from, read.cancel_requested, read.fence, read.node, read.lease, read.attempt,
                    read.failures, read.ran_before);
  return read;
}

waste_totals read_waste(sqlite_connection& db) {
  waste_totals read;
  sqlite_statement rows(db, "SELECT kind, name, wasted FROM waste");
  while (rows.row()) {
    auto& sums = rows.text(0) == "lane" ? read.lanes : rows.text(0) == "class" ? read.classes : read.nodes;
    sums[rows.text(1)] = rows.as<duration>(2);
  }
  return read;
}

} // namespace fabric::store
