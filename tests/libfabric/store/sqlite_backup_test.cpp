#include "fabric/store/sqlite_backup.hpp"
#include "fabric/store/sqlite_check.hpp"
#include "fabric/store/sqlite_connection.hpp"
#include "fabric/store/sqlite_info.hpp"
#include "fabric/store/sqlite_schema.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

TEST_CASE("a backup of a store that is open is a store of that instant", "[store]") {
  bench b(kind::sqlite);
  b.add();
  b.take(1);
  const auto copy = b.home / "it's a copy.db";
  const auto bytes = must(back_up(b.home / "store.db", copy));
  b.add();
  CHECK(bytes == std::filesystem::file_size(copy));
  struct stat what {};
  REQUIRE(::stat(copy.c_str(), &what) == 0);
  CHECK((what.st_mode & 0777) == 0600);
  CHECK_FALSE(std::filesystem::exists(copy + ".part"));
  const auto store = must(sqlite_store::open(copy, roomy()));
  CHECK(store->live_jobs() == 1);
  CHECK(must(check_store(*must(sqlite_connection::open_reader(copy)), check_depth::full)).empty());
  CHECK(must(must(sqlite_reader::open(copy))->find(1)) == b.row(1));
}

TEST_CASE("a backup overwrites nothing, neither a file nor another backup at work", "[store]") {
  bench b(kind::sqlite);
  const auto copy = b.home / "copy.db";
  std::ofstream(copy + ".part") << "at work";
  CHECK(back_up(b.home / "store.db", copy).error().code == errc::wrong_state);
  CHECK_FALSE(std::filesystem::exists(copy));
  std::filesystem::rename(copy + ".part", copy);
  CHECK(back_up(b.home / "store.db", copy).error().code == errc::wrong_state);
  std::ostringstream kept;
  kept << std::ifstream(copy).rdbuf();
  CHECK(kept.str() == "at work");
}

TEST_CASE("a backup that cannot be made leaves nothing behind", "[store]") {
  bench b(kind::sqlite);
  CHECK(back_up(b.home / "store.db", b.home / "nowhere/copy.db").error().code == errc::io_error);
  CHECK(back_up(b.home / "no-store.db", b.home / "copy.db").error().code == errc::io_error);
  CHECK_FALSE(std::filesystem::exists(b.home / "copy.db"));
  CHECK_FALSE(std::filesystem::exists(b.home / "copy.db.part"));
  CHECK_FALSE(std::filesystem::exists(b.home / "no-store.db"));
}

TEST_CASE("a store says what it is, while it is open and afterwards", "[store]") {
  bench b(kind::sqlite);
  b.add();
  b.finish(*b.take(b.add()).row, outcome::succeeded);
  const auto path = b.home / "store.db";
  const auto open = must(describe_store(path));
  CHECK(open.schema == schema_version);
  CHECK(open.journal_mode == "wal");
  CHECK_FALSE(open.closed_cleanly);
  CHECK(open.log_bytes > 0);
  CHECK(open.oldest.value().id == 1);
  CHECK(open.attempts == 1);
  CHECK(open.fence == 1);
  CHECK(open.lanes.at(0).lane == "fast");
  CHECK(open.lanes.at(0).succeeded == 1);
  CHECK(open.lanes.at(0).ready == 1);
  b.owned_reader.reset();
  b.owned.reset();
  const auto closed = must(describe_store(path));
  CHECK(closed.closed_cleanly);
  CHECK(closed.job_mark == 2);
  CHECK(closed.pages * closed.page_size == closed.file_bytes);
}
