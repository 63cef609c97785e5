#include "tests/fault/scenario.hpp"

#include "fabric/store/sqlite_check.hpp"
#include "fabric/store/sqlite_connection.hpp"
#include "fabric/store/sqlite_reader.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <algorithm>
#include <map>
#include <sstream>

namespace fabric::fault {

using namespace store;

namespace {

retention forgetful() {
  return {.succeeded_age = 20s, .succeeded_count = 8, .buried_age = 60s, .events_age = 30s, .events_count = 60};
}

steady_clock_fn standing_clock() {
  return [] { return std::chrono::steady_clock::time_point{}; }; // The pruning budget never ends.
}

std::int64_t number(time_point t) { return t.time_since_epoch().count(); }

void print(std::ostream& out, const job& j) {
  const auto& n = j.counts;
  out << "job " << j.id << ' ' << j.job_class << ' ' << j.lane << ' ' << to_string(j.state) << ' ' << j.priority << ' '
      << j.version << ' ' << j.demoted_order << ' ' << j.overflow_from << ' ' << number(j.run_at) << ' '
      << number(j.submitted_at) << ' ' << number(j.finished_at) << ' ' << j.fence << ' ' << j.attempt << ' '
      << j.max_attempts << ' ' << n.failures << n.memory << n.lost << n.demoted << n.checkpointed << ' '
      << j.idempotency_key << ' ' << j.reason << ' ' << j.cancel_requested << ' ' << j.node << ' ' << j.lease.count()
      << ' ' << j.lane_deaths << ' ' << j.wasted.count() << ' ' << j.ordering_key << '\n';
}

/// Without the numbers of kicked jobs: a store that was not closed cleanly skips some.
void print_lines(std::ostream& out, const std::vector<job>& rows) {
  std::map<std::string, std::map<std::uint64_t, job_id>> lines;
  for (const auto& j : rows)
    if (!j.ordering_key.empty()) lines[j.ordering_key][j.key_order] = j.id;
  for (const auto& [key, line] : lines) {
    out << "key " << key;
    for (const auto& [order, id] : line) out << ' ' << id;
    out << '\n';
  }
}

void print(std::ostream& out, const attempt& a) {
  out << "  attempt " << a.number << ' ' << a.fence << ' ' << a.node << ' ' << a.worker << ' ' << a.lane << ' '
      << number(a.leased_at) << ' ' << number(a.started_at) << ' ' << number(a.ended_at) << ' ' << to_string(a.ended_as)
      << ' ' << a.run_time.count() << ' ' << a.report.size() << '\n';
}

/// Without their numbers: a store that was not closed cleanly skips some.
void print(std::ostream& out, const event& e) {
  out << "event " << number(e.at) << ' ' << e.kind << ' ' << e.job << ' ' << e.lane << ' ' << e.attempt << ' '
      << e.text.substr(0, 60) << '\n';
}

std::string contents_of(job_reader& reader, job_store& store) {
  std::ostringstream out;
  const auto rows = test::must(reader.list({.limit = 1000}));
  print_lines(out, rows);
  for (const auto& j : rows) {
    print(out, j);
    for (const auto& a : test::must(reader.attempts(j.id))) print(out, a);
    out << "  texts " << test::must(reader.input(j.id)).size() << ' '
        << test::must(reader.result(j.id)).value_or("").size() << '\n';
  }
  for (const auto& e : test::must(reader.events(0, 1000))) print(out, e);
  for (const auto& c : test::must(reader.counts()))
    out << "lane " << c.lane << ' ' << c.waiting << ' ' << c.scheduled << ' ' << c.ready << ' ' << c.running << ' '
        << c.succeeded << ' ' << c.buried << ' ' << c.cancelled << ' ' << c.demoted_out << ' ' << c.wasted.count()
        << '\n';
  out << "stale ends " << test::must(reader.stale_ends()) << ", live " << store.live_jobs() << '\n';
  return out.str();
}

/// The lines that stand in only one of two texts.
std::string difference(const std::string& found, const std::string& expected) {
  const auto lines_of = [](const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  };
  const auto has = lines_of(found), should = lines_of(expected);
  std::string out;
  for (const auto& line : has)
    if (std::ranges::find(should, line) == should.end()) out += "\n  has      " + line;
  for (const auto& line : should)
    if (std::ranges::find(has, line) == has.end()) out += "\n  has not  " + line;
  return out;
}

/// What the next numbers of an opened store are, against those that were given.
void look_at_marks(job_store& store, const high_water& given, std::vector<std::string>& wrong) {
  const auto now = test::start + std::chrono::hours{1};
  const auto opened = test::must(store.apply(std::vector<operation>{open_lane{"fast"}, open_lane{"slow"}}, now));
  const auto fast = opened.answers[0].epoch, slow = opened.answers[1].epoch;
  const auto added = test::must(store.apply(std::vector<operation>{test::submission()}, now));
  const auto id = added.answers[0].id;
  const auto leased = test::must(store.apply(std::vector<operation>{lease{id, 1, "fast", fast, "a1", "w", 15s}}, now));
  const auto check = [&](const char* what, std::uint64_t next, std::uint64_t last) {
    if (next <= last) wrong.push_back(std::string(what) + " " + std::to_string(next) + " is given again");
  };
  check("epoch of fast", fast, given.fast);
  check("epoch of slow", slow, given.slow);
  check("job", id, given.job);
  check("event", added.events.at(0).id, given.event);
  check("fence", leased.answers[0].row.value().fence, given.fence);
}

void look_inside(const std::string& path, job_store& store, const std::vector<std::string>& allowed,
                 std::vector<std::string>& wrong) {
  const auto db = test::must(sqlite_connection::open_reader(path));
  for (const auto& v : test::must(check_store(*db, check_depth::full))) wrong.push_back(v.rule + ": " + v.what);
  const auto found = contents_of(*test::must(sqlite_reader::open(path, std::chrono::hours{1})), store);
  if (std::ranges::find(allowed, found) == allowed.end())
    wrong.push_back("it differs:" + difference(found, allowed.front()));
}

} // namespace

store::sqlite_options scenario_options() {
  auto options = test::roomy();
  options.retention = forgetful();
  options.clock = standing_clock();
  options.wal_max = 128 << 10;
  options.shrinking = {.many = 1, .share = 1000, .leave = 0};
  options.lock_wait = std::chrono::milliseconds{0};
  return options;
}

void high_water::note(const std::vector<operation>& ops, const batch_result& done) {
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const auto& reply = done.answers[i];
    if (reply.failure) continue;
    if (std::holds_alternative<submit>(ops[i])) job = std::max(job, reply.id);
    if (reply.row) fence = std::max(fence, reply.row->fence);
    if (const auto* opened = std::get_if<open_lane>(&ops[i])) (opened->lane == "fast" ? fast : slow) = reply.epoch;
  }
  if (!done.events.empty()) event = done.events.back().id;
}

twin::twin() : store_({forgetful(), [this] { return low_; }, standing_clock()}) {}

void twin::apply(const step& next, bool low) {
  low_ = low;
  if (!next.restarts) marks_.note(next.ops, test::must(store_.apply(next.ops, next.now)));
}

std::string twin::contents() { return contents_of(store_, store_); }

std::vector<std::string> judge(const std::string& path, const std::vector<std::string>& allowed,
                               const high_water& acknowledged) {
  std::vector<std::string> wrong;
  try {
    const auto store = test::must(sqlite_store::open(path, scenario_options()));
    look_inside(path, *store, allowed, wrong);
    if (wrong.empty()) look_at_marks(*store, acknowledged, wrong);
  } catch (const std::exception& e) {
    wrong.emplace_back(e.what());
  }
  return wrong;
}

} // namespace fabric::fault
