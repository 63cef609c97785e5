#include "fabric/store/sqlite_check.hpp"
#include "fabric/store/sqlite_connection.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <fstream>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

namespace {

/// Job 1 runs, 2 succeeded, 3 is ready, 4 is buried with an event, 5 is ready and 6 and 7 wait behind it.
void fill(bench& b) {
  for (int i = 0; i < 4; ++i) b.add();
  auto keyed = submission();
  keyed.spec.ordering_key = "k";
  b.apply({keyed, keyed, keyed});
  b.take(1);
  b.finish(*b.take(2).row, outcome::succeeded);
  b.finish(*b.take(4).row, outcome::memory_exceeded);
}

std::vector<std::string> broken_rules(const std::string& path) {
  std::vector<std::string> rules;
  for (const auto& one : must(check_store(*must(sqlite_connection::open_reader(path)), check_depth::full)))
    rules.push_back(one.rule);
  return rules;
}

} // namespace

TEST_CASE("a store that was used breaks no rule", "[store]") {
  bench b(kind::sqlite);
  fill(b);
  CHECK(broken_rules(b.home / "store.db").empty());
}

TEST_CASE("every rule of the store is seen to be broken", "[store]") {
  struct row {
    std::string rule, sql;
  };
  const auto [rule, sql] = GENERATE(values<row>({
      {"every reference has its row", "DELETE FROM jobs WHERE id=3"},
      {"a state is one of the seven", "UPDATE jobs SET state=9 WHERE id=3"},
      {"a running job has its last attempt open", "UPDATE jobs SET fence=0 WHERE id=1"},
      {"only the last attempt of a running job is open", "UPDATE attempts SET outcome=0 WHERE job=2"},
      {"a job's attempts are numbered without gaps", "UPDATE jobs SET attempt=2 WHERE id=2"},
      {"a fence is given once", "UPDATE attempts SET fence=1"},
      {"no fence is above its high-water mark", "UPDATE meta SET value=2 WHERE name='fence'"},
      {"no job is above its high-water mark", "UPDATE meta SET value=3 WHERE name='job_mark'"},
      {"no job is above its high-water mark", "UPDATE jobs SET key_order=9999 WHERE id=7"},
      {"a job with an ordering key, and no other, has a place in its line", "UPDATE jobs SET key_order=3 WHERE id=3"},
      {"a job with an ordering key, and no other, has a place in its line", "UPDATE jobs SET key_order=0 WHERE id=5"},
      {"a place in line is given once", "UPDATE jobs SET key_order=6 WHERE id=7"},
      {"of the unfinished jobs of an ordering key all but the first wait, and no others do",
       "UPDATE jobs SET state=3 WHERE id=6"},
      {"of the unfinished jobs of an ordering key all but the first wait, and no others do",
       "UPDATE jobs SET state=1 WHERE id=5"},
      {"of the unfinished jobs of an ordering key all but the first wait, and no others do",
       "UPDATE jobs SET state=1 WHERE id=3"},
      {"no event is above its high-water mark", "UPDATE meta SET value=0 WHERE name='event_mark'"},
      {"every job has its input", "DELETE FROM payloads WHERE job=3"},
      {"jobs that succeeded, and only they, have a result", "DELETE FROM results"},
      {"a final job says when it ended", "UPDATE jobs SET finished_at=0 WHERE id=4"},
      {"a job says how large its texts are", "UPDATE payloads SET input='12345' WHERE job=3"},
      {"a lane's totals add up", "UPDATE lanes SET ready=7 WHERE name='fast'"},
      {"every job's lane is known", "UPDATE jobs SET lane='gone' WHERE id=3"},
      {"the bytes of final jobs add up", "UPDATE meta SET value=1 WHERE name='final_bytes'"},
  }));
  bench b(kind::sqlite);
  fill(b);
  const auto path = b.home / "store.db";
  const auto db = must(sqlite_connection::open_writer(path));
  REQUIRE(db->exec("PRAGMA foreign_keys=OFF; " + sql));
  CAPTURE(rule);
  CHECK(std::ranges::count(broken_rules(path), rule) > 0);
}

TEST_CASE("a damaged file is named before any rule, and no more than is of use", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  {
    const auto store = must(sqlite_store::open(path, roomy()));
    for (int i = 0; i < 20; ++i) must(store->apply(std::vector<operation>(100, submission()), start));
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  for (int page = 20; page < 60; ++page) file.seekp(page * page_bytes).write(std::string(200, '\xff').data(), 200);
  file.close();
  const auto found = check_store(*must(sqlite_connection::open_reader(path)), check_depth::quick);
  if (!found) {
    CHECK(found.error().code == errc::io_error);
  } else {
    CHECK(found->size() <= violations_max);
    CHECK(std::ranges::all_of(*found, [](const violation& v) { return v.rule == "the file is sound"; }));
  }
  CHECK((!found || !found->empty()));
}
