#include "tests/libfabric/store/fixture.hpp"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>

namespace fabric::store::test {

scratch::scratch() {
  std::string pattern = (std::filesystem::temp_directory_path() / "fabric-store-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch directory");
  path_ = pattern;
}

scratch::~scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

submit submission(const std::string& lane, std::string input) {
  submit op;
  op.spec.job_class = "checksum";
  op.spec.input = std::move(input);
  op.lane = lane;
  return op;
}

submit keyed(const std::string& key, const std::string& lane) {
  auto op = submission(lane);
  op.spec.ordering_key = key;
  return op;
}

std::string wrong_lines(job_reader& reader) {
  std::map<std::string, std::map<std::uint64_t, job>> lines;
  std::string wrong;
  for (auto& row : must(reader.list({.limit = 1000}))) {
    if (is_final(row.state)) continue;
    if (row.ordering_key.empty() && row.state == job_state::waiting) wrong += std::to_string(row.id) + " waits; ";
    if (!row.ordering_key.empty()) lines[row.ordering_key][row.key_order] = std::move(row);
  }
  for (const auto& [key, line] : lines)
    for (const auto& [order, row] : line)
      if ((row.state == job_state::waiting) == (order == line.begin()->first))
        wrong += "job " + std::to_string(row.id) + " of key " + key + " is " + std::string(to_string(row.state)) + "; ";
  return wrong;
}

sqlite_options roomy() {
  sqlite_options options;
  options.disk_low = 0;
  options.reserve = 0;
  return options;
}

bench::bench(kind which, bench_options options) {
  if (which == kind::memory) {
    auto made = std::make_unique<memory_store>(
        memory_options{options.retention, [low = options.low] { return *low; }, options.clock});
    reader = made.get();
    owned = std::move(made);
  } else {
    sqlite_options how = roomy();
    how.retention = options.retention;
    how.disk_low = 1000;
    how.free = [low = options.low](const std::string&) { return *low ? 999u : 1000u; };
    how.clock = options.clock;
    owned = must(sqlite_store::open(home / "store.db", how));
    owned_reader = must(sqlite_reader::open(home / "store.db"));
    reader = owned_reader.get();
  }
  store = owned.get();
  fast = one(open_lane{"fast"}).epoch;
  slow = one(open_lane{"slow"}).epoch;
}

batch_result bench::apply(std::vector<operation> ops) {
  last = must(store->apply(ops, now));
  return last;
}

answer bench::one(operation op) { return apply({std::move(op)}).answers.at(0); }

job_id bench::add(const std::string& lane, std::string input) { return one(submission(lane, std::move(input))).id; }

answer bench::take(job_id id, const std::string& lane) {
  return one(lease{id, row(id).version, lane, lane == "fast" ? fast : slow, "a1", lane + "@a1", 15s});
}

answer bench::finish(const job& leased, outcome how, end_decision decision) {
  end op{leased.id, leased.fence, leased.lane, leased.lane == "fast" ? fast : slow, {}, std::move(decision)};
  op.how.how = how;
  op.how.started = true;
  op.how.started_at = now;
  op.how.run_time = 3s;
  if (how != outcome::succeeded) op.how.reason = "it went wrong";
  return one(op);
}

std::vector<std::string> bench::logged() {
  std::vector<std::string> kinds;
  for (const auto& kept : must(reader->events(0, 1000))) kinds.push_back(kept.kind);
  return kinds;
}

} // namespace fabric::store::test
