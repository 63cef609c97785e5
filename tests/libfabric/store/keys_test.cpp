#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>

/// Ordering keys: the jobs of a key come into their lanes one after the other.
using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

#define BOTH_STORES GENERATE(kind::memory, kind::sqlite)

namespace {

using enum job_state;
using states = std::vector<job_state>;

states of(bench& b, const std::vector<job_id>& ids) {
  states found;
  for (const auto id : ids) found.push_back(b.row(id).state);
  return found;
}

/// Jobs of one key, from one batch.
std::vector<job_id> line(bench& b, std::size_t count, const std::string& key = "k") {
  std::vector<job_id> ids;
  for (const auto& a : b.apply(std::vector<operation>(count, keyed(key))).answers) ids.push_back(a.id);
  return ids;
}

answer finish_with(bench& b, job_id id, outcome how) { return b.finish(*b.take(id, b.row(id).lane).row, how); }

/// Dies so often over a running job that it is buried with its attempt left behind.
void bury_running(bench& b, job_id id) {
  b.take(id);
  for (int i = 0; i < 3; ++i) b.one(lane_died{"fast", id, "bug"});
  REQUIRE(b.row(id).state == buried);
  REQUIRE(b.row(id).node == "a1");
}

std::vector<job_id> loaded(bench& b, const std::string& lane = "fast") {
  std::vector<job_id> ids;
  for (const auto& e : must(b.store->load_lane(lane, 0, 100)).entries) ids.push_back(e.id);
  return ids;
}

} // namespace

TEST_CASE("of the jobs of a key only the first is in its lane; the others wait, and lanes hear nothing of them",
          "[store][keys]") {
  bench b(BOTH_STORES);
  const auto ids = line(b, 3);
  CHECK(of(b, ids) == states{ready, waiting, waiting});
  REQUIRE(b.last.changes.size() == 1);
  CHECK(b.last.changes[0].entry.id == ids[0]);
  CHECK(loaded(b) == std::vector{ids[0]});
  CHECK(b.row(ids[2]).ordering_key == "k");
  CHECK(b.row(ids[2]).key_order == ids[2]);
  CHECK(b.store->live_jobs() == 3);
  CHECK(must(b.reader->counts()).at(0).waiting == 2);
  CHECK(must(b.reader->list({.states = {waiting}})).size() == 2);
  CHECK(b.last.events.at(2).text == "waits: job " + std::to_string(ids[0]) + " of its key has not ended");
}

TEST_CASE("every end of the first makes the next ready in the same transaction", "[store][keys]") {
  bench b(BOTH_STORES);
  const auto how = GENERATE(outcome::succeeded, outcome::memory_exceeded, outcome::cancelled);
  const auto ids = line(b, 3);
  finish_with(b, ids[0], how);
  CHECK(is_final(b.row(ids[0]).state));
  CHECK(of(b, {ids[1], ids[2]}) == states{ready, waiting});
  REQUIRE(b.last.changes.size() == 2);
  CHECK(b.last.changes[0].gone);
  CHECK(b.last.changes[1].entry.id == ids[1]);
  CHECK_FALSE(b.last.changes[1].gone);
  CHECK(b.last.events.at(1).kind == "released");
  CHECK(b.last.events.at(1).job == ids[1]);
  CHECK(loaded(b) == std::vector{ids[1]});
  CHECK(b.take(ids[1]).row);
}

TEST_CASE("a released job goes where it was placed, and runs under its own class", "[store][keys]") {
  bench b(BOTH_STORES);
  auto end_of_build = keyed("build-42", "slow");
  end_of_build.spec.job_class = "other";
  const auto batch = b.apply({keyed("build-42"), end_of_build});
  CHECK(batch.answers.size() == 2);
  CHECK(of(b, {1, 2}) == states{ready, waiting});
  finish_with(b, 1, outcome::succeeded);
  CHECK(loaded(b, "slow") == std::vector<job_id>{2});
  CHECK(b.last.changes.back().lane == "slow");
}

TEST_CASE("a first that is delayed, retried, lost, demoted or put back holds the others", "[store][keys]") {
  bench b(BOTH_STORES);
  auto first = keyed("k");
  first.spec.delay = 5s;
  const auto id = b.one(first).id;
  const auto second = b.one(keyed("k")).id;
  CHECK(of(b, {id, second}) == states{scheduled, waiting});
  b.now += 5s;
  b.one(due{id, 1, "fast", b.fast});
  CHECK(of(b, {id, second}) == states{ready, waiting});
  for (const auto how : {outcome::lost, outcome::checkpointed, outcome::drained, outcome::failed, outcome::demoted}) {
    if (b.row(id).state == scheduled) b.one(due{id, b.row(id).version, b.row(id).lane, b.fast});
    finish_with(b, id, how);
    CHECK(b.row(second).state == waiting);
    CHECK(wrong_lines(*b.reader) == "");
  }
  CHECK(b.row(id).lane == "slow");
  finish_with(b, id, outcome::succeeded);
  CHECK(b.row(second).state == ready);
}

TEST_CASE("a carried and a moved first keep their place", "[store][keys]") {
  bench b(BOTH_STORES);
  const auto ids = line(b, 2);
  b.one(move{ids[0], 1, "fast", b.fast, "slow", true});
  CHECK(of(b, ids) == states{ready, waiting});
  b.one(move{ids[0], 2, "slow", b.slow, "fast", false});
  const auto run = *b.take(ids[0]).row;
  CHECK_FALSE(b.one(carry{run.id, run.fence, "fast", "slow", b.slow, "slow@a1", 1s, 2}).failure);
  CHECK(of(b, ids) == states{running, waiting});
}

TEST_CASE("a waiting job whose delay is not over when it is released is scheduled until then", "[store][keys]") {
  bench b(BOTH_STORES);
  const auto first = b.one(keyed("k")).id;
  auto later = keyed("k");
  later.spec.delay = 10s;
  const auto second = b.one(later).id, third = b.one(later).id;
  CHECK(of(b, {second, third}) == states{waiting, waiting});
  b.now += 9s;
  finish_with(b, first, outcome::succeeded);
  CHECK(b.row(second).state == scheduled);
  CHECK(b.row(second).run_at == start + 10s);
  b.now += 1s;
  b.one(due{second, b.row(second).version, "fast", b.fast});
  finish_with(b, second, outcome::succeeded);
  CHECK(b.row(third).state == ready);
  CHECK(b.row(third).run_at == no_time);
}

TEST_CASE("priority does not reorder inside a key", "[store][keys]") {
  bench b(BOTH_STORES);
  line(b, 2);
  auto urgent = keyed("k");
  urgent.spec.priority = 0;
  const auto id = b.one(urgent).id;
  finish_with(b, 1, outcome::succeeded);
  CHECK(of(b, {2, id}) == states{ready, waiting});
}

TEST_CASE("cancelling a waiting job leaves the line intact", "[store][keys]") {
  bench b(BOTH_STORES);
  const auto ids = line(b, 4);
  CHECK_FALSE(b.one(cancel{ids[1], "no"}).failure);
  CHECK(b.last.changes.empty());
  CHECK(of(b, ids) == states{ready, cancelled, waiting, waiting});
  b.one(cancel{ids[0], "no"});
  CHECK(of(b, ids) == states{cancelled, cancelled, ready, waiting});
  const auto run = *b.take(ids[2]).row;
  b.one(cancel{ids[2], "no"});
  CHECK(of(b, ids) == states{cancelled, cancelled, running, waiting});
  b.finish(run, outcome::cancelled);
  CHECK(of(b, ids) == states{cancelled, cancelled, cancelled, ready});
}

TEST_CASE("a buried first releases the next, and comes to the end of the line when it is kicked", "[store][keys]") {
  bench b(BOTH_STORES);
  const auto ids = line(b, 3);
  finish_with(b, ids[0], outcome::memory_exceeded);
  CHECK(of(b, ids) == states{buried, ready, waiting});
  CHECK_FALSE(b.one(kick{ids[0]}).failure);
  CHECK(b.last.changes.empty());
  CHECK(of(b, ids) == states{waiting, ready, waiting});
  CHECK(b.row(ids[0]).key_order > ids[2]);
  CHECK_FALSE(b.one(kick{ids[0]}).failure); // A repeat.
  const auto last = b.one(keyed("k")).id;
  CHECK(last > b.row(ids[0]).key_order);
  for (const auto id : {ids[1], ids[2], ids[0]}) {
    CHECK(b.row(last).state == waiting);
    finish_with(b, id, outcome::succeeded);
  }
  CHECK(b.row(last).state == ready);
}

TEST_CASE("a job that is kicked while nobody of its key is left never waits", "[store][keys]") {
  bench b(BOTH_STORES);
  const auto id = b.one(keyed("k")).id;
  finish_with(b, id, outcome::memory_exceeded);
  b.one(kick{id});
  CHECK(b.row(id).state == ready);
  CHECK(loaded(b) == std::vector{id});
}

TEST_CASE("several ends of a key, and what comes to its line, in one transaction", "[store][keys]") {
  bench b(BOTH_STORES);
  const auto ids = line(b, 3);
  const auto run = *b.take(ids[0]).row;
  end done{run.id, run.fence, "fast", b.fast, {}, {}};
  done.how.how = outcome::succeeded;
  b.apply({keyed("k"), done, cancel{ids[1], "no"}, cancel{ids[2], "no"}, keyed("k")});
  CHECK(of(b, {ids[0], ids[1], ids[2], 4, 5}) == states{succeeded, cancelled, cancelled, ready, waiting});
  CHECK(loaded(b) == std::vector<job_id>{4});
}

TEST_CASE("keys are the whole cell's, and jobs without one and of other keys do not mind", "[store][keys]") {
  bench b(BOTH_STORES);
  auto other = keyed("k", "slow");
  other.spec.job_class = "other";
  b.apply({keyed("k"), other, keyed("K"), submission(), submission()});
  CHECK(of(b, {1, 2, 3, 4, 5}) == states{ready, waiting, ready, ready, ready});
}

TEST_CASE("an idempotency key gives the first job, whatever the ordering key, and takes no place in the line",
          "[store][keys]") {
  bench b(BOTH_STORES);
  auto op = keyed("k");
  op.spec.idempotency_key = "once";
  const auto first = b.one(op).id;
  auto again = op;
  again.spec.ordering_key = "other";
  CHECK(b.one(op).duplicate);
  CHECK(b.one(again).id == first);
  CHECK(b.store->live_jobs() == 1);
  CHECK(b.row(first).ordering_key == "k");
  const auto second = b.one(keyed("k")).id;
  finish_with(b, first, outcome::succeeded);
  CHECK(b.one(op).duplicate);
  CHECK(b.row(second).state == ready);
}

TEST_CASE("details say where a waiting job stands", "[store][keys]") {
  bench b(BOTH_STORES);
  const auto ids = line(b, 3);
  b.take(ids[0]);
  CHECK(must(b.reader->details(ids[2])).line == key_line{ids[0], running, 2});
  CHECK(must(b.reader->details(ids[1])).line == key_line{ids[0], running, 1});
  CHECK_FALSE(must(b.reader->details(ids[0])).line);
  CHECK_FALSE(must(b.reader->details(b.add())).line);
}

TEST_CASE("finished jobs of a key are pruned and nobody misses them", "[store][keys]") {
  bench_options options;
  options.retention = {.succeeded_age = 1s, .buried_age = 1s};
  bench b(BOTH_STORES, options);
  const auto ids = line(b, 3);
  finish_with(b, ids[0], outcome::succeeded);
  b.now += 2s;
  finish_with(b, ids[1], outcome::memory_exceeded);
  b.now += 2s;
  b.apply({});
  CHECK_FALSE(b.reader->find(ids[0]));
  CHECK_FALSE(b.reader->find(ids[1]));
  CHECK(b.row(ids[2]).state == ready);
  CHECK(b.row(b.one(keyed("k")).id).state == waiting);
}

TEST_CASE("nothing of a key starts while an attempt that a buried job left behind may run", "[store][keys]") {
  bench b(BOTH_STORES);
  const auto ids = line(b, 3);
  bury_running(b, ids[0]);
  const auto gone_at = start + 15s + 10s; // Its lease, and the slack of a kick.
  CHECK(of(b, ids) == states{buried, scheduled, waiting});
  CHECK(b.row(ids[1]).run_at == gone_at);
  CHECK(must(b.reader->details(ids[2])).line == key_line{ids[1], scheduled, 2});
  b.one(cancel{ids[1], "no"});
  CHECK(b.row(ids[2]).run_at == gone_at);
  b.one(cancel{ids[2], "no"});
  const auto fresh = b.one(keyed("k")).id;
  CHECK(b.row(fresh).state == scheduled);
  CHECK(b.row(fresh).run_at == gone_at);
  b.one(cancel{fresh, "no"});
  b.now = gone_at;
  CHECK(b.row(b.one(keyed("k")).id).state == ready);
}

TEST_CASE("a lane with waiting jobs cannot be removed", "[store][keys]") {
  bench b(BOTH_STORES);
  b.apply({keyed("k"), keyed("k", "slow")});
  const auto refused = b.one(know_lanes{{"fast"}});
  REQUIRE(refused.failure);
  CHECK(refused.failure->code == errc::wrong_state);
  CHECK(refused.failure->message.find("1 job in slow") != std::string::npos);
}

TEST_CASE("a waiting job cannot be leased, moved or woken", "[store][keys]") {
  bench b(BOTH_STORES);
  const auto ids = line(b, 2);
  CHECK(b.take(ids[1]).failure.value().code == errc::wrong_state);
  CHECK(b.one(move{ids[1], 1, "fast", b.fast, "slow", true}).failure.value().code == errc::wrong_state);
  CHECK(b.one(due{ids[1], 1, "fast", b.fast}).failure.value().code == errc::wrong_state);
  CHECK(b.row(ids[1]).version == 1);
}

TEST_CASE("a store that is opened again knows the lines", "[store][keys]") {
  scratch home;
  const auto path = home / "store.db";
  {
    const auto store = must(sqlite_store::open(path, roomy()));
    must(store->apply(std::vector<operation>{keyed("k"), keyed("k"), keyed("k")}, start));
  }
  const auto store = must(sqlite_store::open(path, roomy()));
  const auto reader = must(sqlite_reader::open(path));
  CHECK(wrong_lines(*reader) == "");
  must(store->apply(std::vector<operation>{cancel{1, "no"}, keyed("k")}, start));
  CHECK(must(reader->find(2)).state == ready);
  CHECK(must(reader->find(3)).state == waiting);
  CHECK(wrong_lines(*reader) == "");
}
