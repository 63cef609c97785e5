#include "fabric/job/limits.hpp"
#include "fabric/store/sqlite_check.hpp"
#include "fabric/store/sqlite_connection.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

namespace {

using old_attempts = std::vector<std::pair<job_id, std::uint32_t>>;

job_id add_patient(bench& b) {
  auto op = submission();
  op.max_attempts = 100;
  return b.one(op).id;
}

/// Runs the job once more and lets it fail. @returns the row that ran.
job fail_once(bench& b, job_id id, old_attempts& gone) {
  if (const auto row = b.row(id); row.state == job_state::scheduled) b.one(due{id, row.version, "fast", b.fast});
  const auto ran = b.take(id).row.value();
  gone.insert(gone.end(), b.last.old_attempts.begin(), b.last.old_attempts.end());
  b.finish(ran, outcome::failed, {.move_to = "slow", .lane_count = 2, .retry_after = 1s});
  b.now += 1s;
  return ran;
}

} // namespace

TEST_CASE("of a job that is tried again and again the last attempts are kept", "[store]") {
  const auto which = GENERATE(kind::memory, kind::sqlite);
  bench b(which);
  const auto id = add_patient(b);
  old_attempts gone;
  const auto first = fail_once(b, id, gone);
  for (std::uint32_t n = 2; n <= limits::attempts_kept + 3; ++n) fail_once(b, id, gone);
  CHECK(gone == old_attempts{{id, 1}, {id, 2}, {id, 3}});
  const auto kept = must(b.reader->attempts(id));
  REQUIRE(kept.size() == limits::attempts_kept);
  CHECK(kept.front().number == 4);
  CHECK(kept.back().ended_as == outcome::failed);
  CHECK(b.row(id).attempt == limits::attempts_kept + 3);
  CHECK(b.row(id).counts.failures == limits::attempts_kept + 3);
  CHECK(b.finish(first, outcome::failed).failure.value().code == errc::stale);
  if (which == kind::sqlite)
    CHECK(must(check_store(*must(sqlite_connection::open_reader(b.home / "store.db")), check_depth::full)).empty());
}

TEST_CASE("a store that kept all attempts is sound, and forgets the old ones when the job runs again", "[store]") {
  bench b(kind::sqlite);
  const auto id = add_patient(b);
  old_attempts gone;
  for (int i = 0; i < 2; ++i) fail_once(b, id, gone);
  const auto path = b.home / "store.db";
  const auto as_if = must(sqlite_connection::open_writer(path));
  for (int n = 3; n <= 20; ++n)
    as_if->exec("INSERT INTO attempts(job,number,fence,node,worker,lane,leased_at,outcome) VALUES(1," +
                std::to_string(n) + "," + std::to_string(-n) + ",'a1','fast@a1','fast',1,2)");
  as_if->exec("UPDATE jobs SET attempt=20");
  const auto reader = must(sqlite_connection::open_reader(path));
  CHECK(must(check_store(*reader, check_depth::full)).empty());
  fail_once(b, id, gone);
  CHECK(must(b.reader->attempts(id)).size() == limits::attempts_kept);
  CHECK(must(check_store(*reader, check_depth::full)).empty());
  as_if->exec("DELETE FROM attempts WHERE number=20");
  CHECK(must(check_store(*reader, check_depth::full)).at(0).rule == "a job's attempts are numbered without gaps");
}
