#include "fabric/store/sqlite_backup.hpp"
#include "fabric/store/sqlite_check.hpp"
#include "fabric/store/sqlite_connection.hpp"
#include "fabric/store/sqlite_info.hpp"
#include "fabric/store/sqlite_settings.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

/// After a rush the file, its log and the page cache become small again.
namespace {

sqlite_options small_file() {
  auto options = roomy();
  options.retention.succeeded_count = 5;
  options.retention.upkeep_budget = 1s;
  options.shrinking = {.many = 50, .share = 4, .leave = 10};
  return options;
}

/// Submits and cancels so many jobs of 4 KB, of which the store may keep five.
void rush(job_store& store, int jobs) {
  const std::string input = "\"" + std::string(4000, 'x') + "\"";
  for (int i = 0; i < jobs; i += 100) {
    std::vector<operation> gone;
    for (const auto& one : must(store.apply(std::vector<operation>(100, submission("fast", input)), start)).answers)
      gone.push_back(cancel{one.id, "x"});
    must(store.apply(gone, start));
  }
}

/// @returns in how many calls.
int keep_up(job_store& store) {
  int calls = 1;
  while (must(store.apply({}, start)).more_upkeep) ++calls;
  return calls;
}

void check_sound(const std::string& path) {
  CHECK(must(check_store(*must(sqlite_connection::open_reader(path)), check_depth::full)).empty());
}

} // namespace

TEST_CASE("after a rush the file and its log give their space back", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  auto store = must(sqlite_store::open(path, small_file()));
  rush(*store, 500);
  keep_up(*store);
  CHECK(std::filesystem::file_size(path + "-wal") == 0);
  CHECK(std::filesystem::file_size(path) < 60 * page_bytes);
  const auto info = must(describe_store(path));
  CHECK(info.free_pages == 10);
  CHECK(info.lanes.at(0).cancelled == 5);
  check_sound(path);
  store.reset();
  store = must(sqlite_store::open(path, small_file()));
  rush(*store, 100);
  check_sound(path);
}

TEST_CASE("a store gives at least a page back in each upkeep, and no more than fit its budget", "[store]") {
  scratch home;
  auto options = small_file();
  auto tick = std::make_shared<std::chrono::steady_clock::time_point>();
  auto step = std::make_shared<std::chrono::milliseconds>(0);
  options.clock = [tick, step] { return *tick += *step; };
  const auto store = must(sqlite_store::open(home / "store.db", options));
  rush(*store, 200);
  must(store->apply(std::vector<operation>{submission()}, start)); // Prunes the rest.
  const auto before = must(describe_store(home / "store.db"));
  *step = 600ms;
  CHECK(must(store->apply({}, start)).more_upkeep);
  CHECK(must(describe_store(home / "store.db")).free_pages == before.free_pages - 2);
  *step = 2s;
  CHECK(must(store->apply({}, start)).more_upkeep);
  CHECK(must(describe_store(home / "store.db")).free_pages == before.free_pages - 3);
  CHECK(keep_up(*store) == static_cast<int>(before.free_pages - 3 - options.shrinking.leave));
}

TEST_CASE("a file with few free pages stays as it is, and with operations none is given back", "[store]") {
  scratch home;
  auto options = small_file();
  options.shrinking.many = 1000;
  const auto store = must(sqlite_store::open(home / "store.db", options));
  rush(*store, 200);
  const auto pages = must(describe_store(home / "store.db")).pages;
  keep_up(*store);
  CHECK(must(describe_store(home / "store.db")).pages == pages);
}

TEST_CASE("the log is cut when nothing was done between two upkeeps", "[store]") {
  scratch home;
  const auto log = home / "store.db-wal";
  const auto store = must(sqlite_store::open(home / "store.db", roomy()));
  const auto use = [&] { must(store->apply(std::vector<operation>{submission()}, start)); };
  for (int i = 0; i < 3; ++i) {
    use();
    must(store->apply({}, start));
    CHECK(std::filesystem::file_size(log) > 0);
  }
  must(store->apply({}, start));
  CHECK(std::filesystem::file_size(log) == 0);
  use();
  CHECK(std::filesystem::file_size(log) > 0);
  CHECK(store->live_jobs() == 4);
}

TEST_CASE("somebody who reads keeps the log from being cut until he has read", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  const auto store = must(sqlite_store::open(path, small_file()));
  rush(*store, 500);
  const auto reader = must(sqlite_connection::open_reader(path));
  CHECK(reader->exec("BEGIN"));
  const auto jobs = reader->ask_number("SELECT count(*) FROM jobs");
  keep_up(*store);
  keep_up(*store);
  CHECK(std::filesystem::file_size(path + "-wal") > 0);
  CHECK(reader->ask_number("SELECT count(*) FROM jobs") == jobs);
  CHECK(reader->exec("COMMIT"));
  keep_up(*store);
  CHECK(std::filesystem::file_size(path + "-wal") == 0);
  CHECK(std::filesystem::file_size(path) < 60 * page_bytes);
  check_sound(path);
}

TEST_CASE("a backup gives pages back like the store", "[store]") {
  scratch home;
  const auto store = must(sqlite_store::open(home / "store.db", small_file()));
  must(back_up(home / "store.db", home / "copy.db"));
  CHECK(gives_pages_back(*must(sqlite_connection::open_reader(home / "copy.db"))));
}
