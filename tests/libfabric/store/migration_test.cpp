#include "fabric/store/sqlite_connection.hpp"
#include "fabric/store/sqlite_schema.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>

/// Every step from an older store to the newest.
using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

TEST_CASE("a store of version 1 is migrated, with what it knows of thrown-away work", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  {
    const auto old = must(sqlite_connection::open_writer(path));
    must(migrate(*old, migrations().first(1)));
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
