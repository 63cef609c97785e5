#include "fabric/store/sqlite_check.hpp"
#include "fabric/store/sqlite_connection.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <random>
#include <set>
#include <sstream>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

/// The same random operations on both stores give the same answers, changes, events and rows; and of each ordering key
/// only the first job that has not ended is in a lane.
namespace {

struct dice {
  std::mt19937_64 engine;
  std::uint64_t upto(std::uint64_t n) { return engine() % n; } ///< 0 .. n-1
  bool rarely() { return upto(10) == 0; }
};

/// Operations about jobs 1..30, mostly right ones: `known` is the truth of one of the stores.
operation draw(dice& d, bench& known, time_point now) {
  const job_id id = 1 + d.upto(30);
  const auto found = known.reader->find(id);
  const job row = found ? *found : job{};
  const std::string lane = found && !d.rarely() ? row.lane : "slow";
  const auto epoch = (lane == "fast" ? known.fast : known.slow) - (d.rarely() ? 1 : 0);
  const auto version = row.version + (d.rarely() ? 1 : 0);
  switch (d.upto(14)) {
  case 0:
  case 1: {
    auto op = submission(d.upto(2) == 0 ? "fast" : "slow", std::to_string(d.upto(2)));
    op.spec.priority = static_cast<std::uint32_t>(d.upto(3));
    if (d.upto(2) == 0) op.spec.idempotency_key = "k" + std::to_string(d.upto(9));
    if (d.upto(3) == 0) op.spec.delay = std::chrono::seconds(d.upto(5));
    if (d.upto(2) == 0) op.spec.ordering_key = "line " + std::to_string(d.upto(3));
    if (d.upto(3) == 0) op.spec.labels = {{"a", "b\n"}, {"c", "\""}};
    return op;
  }
  case 2:
  case 3:
  case 4: return lease{id, version, lane, epoch, "a" + std::to_string(d.upto(2)), lane + "@a", 15s};
  case 5:
  case 6:
  case 7: {
    end op{id, row.fence - (d.rarely() && row.fence > 0 ? 1 : 0), lane, epoch, {}, {"slow", 2, 2s}};
    op.how.how = static_cast<outcome>(1 + d.upto(10));
    op.how.started = d.upto(2) == 0;
    op.how.started_at = now - 1s;
    op.how.run_time = std::chrono::milliseconds(d.upto(5000));
    op.how.reason = d.upto(2) == 0 ? "why" : "";
    op.how.saved = d.upto(3) == 0;
    if (op.how.how == outcome::succeeded && d.upto(2) == 0) op.how.result = "[1,2]";
    if (d.rarely()) op.decision.move_to.clear();
    return op;
  }
  case 8: return move{id, version, lane, epoch, lane == "fast" ? "slow" : "fast", d.upto(2) == 0};
  case 9: return due{id, version, lane, epoch};
  case 10:
    if (d.upto(2) == 0) return kick{id};
    return cancel{id, "c"};
  case 11:
  case 12: {
    const std::string to = row.lane == "fast" ? "slow" : "fast";
    if (d.rarely()) return look{id, row.fence};
    if (d.rarely()) return reset{id};
    return carry{id, row.fence, lane, to, to == "fast" ? known.fast : known.slow, to + "@a", 2s, 4};
  }
  default:
    if (d.rarely()) return lane_died{lane, id, "x"};
    if (d.rarely()) return note{"note", lane, "a1", id, "text"};
    return extend{id, row.fence, std::chrono::seconds(10 + d.upto(40))};
  }
}

std::string text(const lane_entry& e) {
  std::ostringstream out;
  out << e.id << ' ' << e.version << ' ' << int(e.state) << ' ' << e.priority << ' ' << e.demoted_order << ' '
      << e.run_at.time_since_epoch().count() << ' ' << e.job_class << ' ' << e.overflow_from << ' '
      << e.cancel_requested << ' ' << e.fence << ' ' << e.node << ' ' << e.lease.count() << ' ' << e.attempt << ' '
      << e.failures << ' ' << e.ran_before.count() << '\n';
  return out.str();
}

std::string text(const event& e) {
  std::ostringstream out;
  out << e.id << ' ' << e.at.time_since_epoch().count() << ' ' << e.kind << ' ' << e.job << ' ' << e.job_class << ' '
      << e.lane << ' ' << e.node << ' ' << e.attempt << ' ' << e.text << '\n';
  return out.str();
}

std::string text(const batch_result& r) {
  std::ostringstream out;
  for (const auto& a : r.answers)
    out << a.id << ' ' << (a.failure ? render(*a.failure) : "ok") << ' ' << a.duplicate << ' ' << a.epoch << ' '
        << (a.row ? text(entry_of(*a.row)) : "-") << a.input << '\n';
  for (const auto& c : r.changes) out << c.lane << ' ' << c.seq << ' ' << c.gone << ' ' << text(c.entry);
  for (const auto& e : r.events) out << text(e);
  for (const auto& p : r.pruned) out << p.id << ' ' << p.attempts << '\n';
  for (const auto id : r.resets) out << "reset " << id << '\n';
  return out.str();
}

std::string text(const lane_counts& c) {
  std::ostringstream out;
  out << c.lane << ' ' << c.waiting << ' ' << c.scheduled << ' ' << c.ready << ' ' << c.running << ' ' << c.succeeded
      << ' ' << c.buried << ' ' << c.cancelled << ' ' << c.demoted_out << ' ' << c.wasted.count() << '\n';
  return out.str();
}

std::string text(const std::optional<key_line>& line) {
  if (!line) return "no line\n";
  return std::to_string(line->first) + ' ' + std::string(to_string(line->first_state)) + ' ' +
         std::to_string(line->ahead) + '\n';
}

/// All that can be read.
std::string contents(bench& b) {
  std::ostringstream out;
  for (const auto& row : must(b.reader->list({.limit = 1000}))) out << text(must(b.reader->details(row.id)).line);
  for (const auto& c : must(b.reader->counts())) out << text(c);
  for (const auto& e : must(b.reader->events(0, 1000))) out << text(e);
  for (const auto* lane : {"fast", "slow"})
    for (const auto& e : must(b.store->load_lane(lane, 0, 100)).entries) out << text(e);
  return out.str();
}

void compare_jobs(bench& one, bench& two) {
  const auto rows = must(one.reader->list({.limit = 1000}));
  CHECK(rows == must(two.reader->list({.limit = 1000})));
  for (const auto& row : rows) {
    CHECK(must(one.reader->attempts(row.id)) == must(two.reader->attempts(row.id)));
    CHECK(must(one.reader->result(row.id)) == must(two.reader->result(row.id)));
    CHECK(must(one.reader->input(row.id)) == must(two.reader->input(row.id)));
  }
}

} // namespace

TEST_CASE("memory and SQLite agree on random operations", "[store]") {
  const auto seed = GENERATE(range(1, 9));
  INFO("seed " << seed);
  dice d{std::mt19937_64(static_cast<std::uint64_t>(seed))};
  bench_options options;
  options.retention = {.succeeded_age = 20s, .succeeded_count = 6, .buried_age = 40s, .events_age = 30s};
  bench memory(kind::memory, options), sqlite(kind::sqlite, options);
  int worked = 0;
  std::set<job_id> waited;
  for (int step = 0; step < 250; ++step) {
    std::vector<operation> ops;
    for (auto n = d.upto(8); n-- > 0;) ops.push_back(draw(d, memory, memory.now));
    const auto expected_result = text(memory.apply(ops));
    REQUIRE(text(sqlite.apply(ops)) == expected_result);
    for (const auto& a : memory.last.answers) worked += a.failure ? 0 : 1;
    REQUIRE(wrong_lines(*memory.reader) == "");
    for (const auto& row : must(memory.reader->list({.states = {job_state::waiting}}))) waited.insert(row.id);
    memory.now += std::chrono::milliseconds(d.upto(700));
    sqlite.now = memory.now;
  }
  CHECK(worked > 100);
  CHECK(waited.size() > 5);
  CHECK(must(check_store(*must(sqlite_connection::open_reader(sqlite.home / "store.db")), check_depth::full)) ==
        std::vector<violation>{});
  CHECK(contents(memory) == contents(sqlite));
  CHECK(must(memory.reader->wasted()) == must(sqlite.reader->wasted()));
  compare_jobs(memory, sqlite);
}
