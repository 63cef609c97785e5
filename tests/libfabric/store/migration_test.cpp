#include "fabric/store/sqlite_check.hpp"
#include "fabric/store/sqlite_connection.hpp"
#include "fabric/store/sqlite_schema.hpp"
#include "fabric/store/sqlite_settings.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>

/// Every step from an older store to the newest.
using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

namespace {

const std::string copy_name = ".before-v" + std::to_string(schema_version);

/// A store as a build that knew the first `version` steps left it: its file keeps its free pages.
std::unique_ptr<sqlite_connection> store_of(const std::string& path, std::size_t version) {
  auto old = must(sqlite_connection::open_writer(path));
  must(migrate(*old, migrations().first(version)));
  old->exec("PRAGMA auto_vacuum=NONE");
  old->exec("VACUUM");
  REQUIRE_FALSE(gives_pages_back(*old));
  return old;
}

} // namespace

TEST_CASE("a store of version 1 is migrated, with what it knows of thrown-away work", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  {
    const auto old = store_of(path, 1);
    old->exec("INSERT INTO jobs VALUES(1,'c','fast',3,1024,3,1,'',0,1,0,1,2,3,0,0,0,1,0,'','','','why',0,'',0,0,5,9)");
    old->exec("INSERT INTO payloads VALUES(1,'{}')");
    old->exec("INSERT INTO attempts(job,number,fence,node,worker,lane,leased_at,outcome,run_time) VALUES"
              "(1,1,1,'a1','fast@a1','fast',1,4,3000000),(1,2,2,'a1','fast@a1','fast',1,8,2000000),"
              "(1,3,3,'a1','fast@a1','fast',1,2,9000000)");
    REQUIRE_FALSE(old->failed());
  }
  const auto store = must(sqlite_store::open(path, roomy()));
  CHECK(store->report().schema == 1);
  const auto reader = must(sqlite_reader::open(path));
  CHECK(must(reader->find(1)).ran_before == 0s);
  CHECK_FALSE(must(reader->attempts(1)).at(0).saved);
  const auto sum = must(reader->wasted());
  CHECK(sum.lanes == waste_totals::sums{{"fast", 5s}});
  CHECK(sum.classes == waste_totals::sums{{"c", 5s}});
  CHECK(sum.nodes == waste_totals::sums{{"a1", 5s}});
}

TEST_CASE("a store of version 2 is written anew, and its file gives pages back from then on", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  {
    const auto old = store_of(path, 2);
    for (int id = 1; id <= 50; ++id) {
      const auto number = std::to_string(id);
      old->exec("INSERT INTO jobs VALUES(" + number +
                ",'c','fast',3,1024,1,0,'',0,1,0,0,0,3,0,0,0,0,0,'','','','',0,'',0,0,0,6002,0)");
      old->exec("INSERT INTO payloads VALUES(" + number + ",'\"" + std::string(6000, 'x') + "\"')");
    }
    old->exec("INSERT INTO lanes VALUES('fast',1,0,0,50,0,0,0,0)");
    old->exec("INSERT INTO meta VALUES('job_mark',50)");
    REQUIRE_FALSE(old->failed());
  }
  const auto store = must(sqlite_store::open(path, roomy()));
  CHECK(store->report().schema == 2);
  CHECK(store->live_jobs() == 50);
  const auto db = must(sqlite_connection::open_reader(path));
  CHECK(gives_pages_back(*db));
  CHECK(must(check_store(*db, check_depth::full)) == std::vector<violation>{});
  const auto copy = must(sqlite_connection::open_reader(path + copy_name));
  CHECK(copy->ask_number("PRAGMA user_version") == 2);
  CHECK(copy->ask_number("SELECT count(*) FROM jobs") == 50);
}

TEST_CASE("a store that was written anew by a migration that then crashed is migrated the next time", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  must(migrate(*must(sqlite_connection::open_writer(path)), migrations().first(2)));
  REQUIRE(gives_pages_back(*must(sqlite_connection::open_reader(path))));
  CHECK(must(sqlite_store::open(path, roomy()))->report().schema == 2);
  CHECK(must(sqlite_connection::open_reader(path))->ask_number("PRAGMA user_version") == schema_version);
}

TEST_CASE("a store of version 3 goes on with jobs without ordering keys, and takes some with", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  {
    const auto old = must(sqlite_connection::open_writer(path));
    must(migrate(*old, migrations().first(3)));
    for (int id = 1; id <= 3; ++id)
      old->exec("INSERT INTO jobs VALUES(" + std::to_string(id) +
                ",'c','fast',3,1024,1,0,'',0,1,0,0,0,3,0,0,0,0,0,'','','','',0,'',0,0,0,2,0);"
                "INSERT INTO payloads VALUES(" +
                std::to_string(id) + ",'{}')");
    old->exec("INSERT INTO lanes VALUES('fast',1,0,0,3,0,0,0,0); INSERT INTO meta VALUES('job_mark',3)");
    REQUIRE_FALSE(old->failed());
  }
  const auto store = must(sqlite_store::open(path, roomy()));
  CHECK(store->report().schema == 3);
  CHECK(must(sqlite_connection::open_reader(path + copy_name))->ask_number("PRAGMA user_version") == 3);
  auto op = submission();
  op.spec.ordering_key = "k";
  const auto added = must(store->apply(std::vector<operation>{op, op}, start));
  const auto reader = must(sqlite_reader::open(path));
  CHECK(must(reader->find(1)).ordering_key.empty());
  CHECK(must(reader->find(1)).state == job_state::ready);
  CHECK(must(reader->find(added.answers[0].id)).state == job_state::ready);
  CHECK(must(reader->find(added.answers[1].id)).state == job_state::waiting);
  const auto db = must(sqlite_connection::open_reader(path));
  CHECK(must(check_store(*db, check_depth::full)) == std::vector<violation>{});
  CHECK(db->ask("SELECT group_concat(ordering_key || key_order || state) FROM jobs_view WHERE id>3") ==
        "k4ready,k5waiting");
}

TEST_CASE("a store of version 4 knows where the last attempt that started may have left a checkpoint", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  {
    const auto old = must(sqlite_connection::open_writer(path));
    must(migrate(*old, migrations().first(4)));
    for (const auto* id : {"1", "2"})
      old->exec(std::string("INSERT INTO jobs VALUES(") + id +
                ",'c','fast',3,1024,1,0,'',0,1,0,3,3,3,0,0,0,0,0,'','','','',0,'',0,0,0,2,0,'',0);"
                "INSERT INTO payloads VALUES(" +
                id + ",'{}')");
    old->exec("INSERT INTO attempts(job,number,fence,node,worker,lane,leased_at,started_at,ended_at,outcome) VALUES"
              "(1,1,1,'a1','w','fast',1,1,2,9),(1,2,2,'b1','w','fast',3,3,4,9),(1,3,3,'c1','w','fast',5,0,6,9)");
    old->exec("INSERT INTO lanes VALUES('fast',1,0,0,2,0,0,0,0); INSERT INTO meta VALUES('job_mark',2)");
    REQUIRE_FALSE(old->failed());
  }
  const auto store = must(sqlite_store::open(path, roomy()));
  const auto reader = must(sqlite_reader::open(path));
  CHECK(must(reader->find(1)).kept_on == "b1");
  CHECK(must(reader->find(2)).kept_on.empty());
}
