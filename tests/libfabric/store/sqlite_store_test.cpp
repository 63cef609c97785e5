#include "fabric/invariant.hpp"
#include "fabric/store/owner_lock.hpp"
#include "fabric/store/sqlite_connection.hpp"
#include "fabric/store/sqlite_schema.hpp"
#include "fabric/store/sqlite_settings.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <sqlite3.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat what {};
  REQUIRE(::stat(path.c_str(), &what) == 0);
  return what.st_mode & 0777;
}

/// Runs `body` in a child process without cleaning up after it, as after kill -9. @returns its exit code.
template <class Body> int in_child(Body body) {
  const auto pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

batch_result commit(job_store& store, std::vector<operation> ops, time_point now = start) {
  return must(store.apply(ops, now));
}

} // namespace

TEST_CASE("a new store has private files in a private directory", "[store]") {
  scratch home;
  const auto path = home / "data/store.db";
  const auto store = must(sqlite_store::open(path, roomy()));
  CHECK(store->report().created);
  CHECK(store->report().was_clean);
  CHECK(mode_of(home / "data") == 0700);
  CHECK(mode_of(path) == 0600);
  commit(*store, {submission()});
  CHECK(mode_of(path + "-wal") == 0600);
}

TEST_CASE("the settings read back as DESIGN says", "[store]") {
  scratch home;
  const auto db = must(sqlite_connection::open_writer(home / "x.db"));
  CHECK(db->ask("PRAGMA journal_mode") == "wal");
  CHECK(db->ask_number("PRAGMA synchronous") == 2);
  CHECK(db->ask_number("PRAGMA foreign_keys") == 1);
  CHECK(db->ask_number("PRAGMA cell_size_check") == 1);
  CHECK(db->ask_number("PRAGMA trusted_schema") == 0);
  CHECK(db->ask_number("PRAGMA wal_autocheckpoint") == 0);
  CHECK(db->ask_number("PRAGMA mmap_size").value_or(0) == 0);
  CHECK(gives_pages_back(*db));
}

TEST_CASE("the log is copied into the store once it is large, and begins again", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  const auto store = must(sqlite_store::open(path, roomy()));
  const std::string input = "\"" + std::string((1 << 20) - 2, 'x') + "\"";
  for (int i = 0; i < 40; ++i) commit(*store, {submission("fast", input)});
  CHECK(std::filesystem::file_size(path) > 2 * static_cast<std::size_t>(wal_bytes));
  CHECK(std::filesystem::file_size(path + "-wal") < static_cast<std::size_t>(wal_bytes) + (4 << 20));
}

TEST_CASE("a reopened store keeps everything; ids, fences, events and epochs go on", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  job before;
  std::uint64_t epoch = 0, last_event = 0;
  {
    const auto store = must(sqlite_store::open(path, roomy()));
    epoch = commit(*store, {open_lane{"fast"}}).answers[0].epoch;
    commit(*store, {submission("fast", "\"kept\""), submission()});
    const auto leased = commit(*store, {lease{1, 1, "fast", epoch, "a1", "fast@a1", 30s}});
    before = leased.answers[0].row.value();
    last_event = leased.events.back().id;
  }
  const auto store = must(sqlite_store::open(path, roomy()));
  CHECK_FALSE(store->report().created);
  CHECK(store->report().was_clean);
  CHECK(store->report().schema == schema_version);
  CHECK(store->report().live_jobs == 2);
  CHECK(store->report().running == 1);
  const auto reader = must(sqlite_reader::open(path));
  CHECK(must(reader->find(1)) == before);
  CHECK(must(reader->input(1)) == "\"kept\"");
  const auto next = commit(*store, {open_lane{"fast"}, submission()});
  CHECK(next.answers[0].epoch == epoch + 1);
  CHECK(next.answers[1].id == 3);
  CHECK(next.events[0].id == last_event + 1);
  CHECK(commit(*store, {lease{2, 1, "fast", epoch + 1, "a1", "w", 15s}}).answers[0].row->fence == before.fence + 1);
}

TEST_CASE("after kill -9 everything acknowledged is there and nothing is given away twice", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  const int code = in_child([&] {
    auto store = must(sqlite_store::open(path, roomy())).release(); // never closed
    const auto epoch = commit(*store, {open_lane{"fast"}}).answers[0].epoch;
    commit(*store, {submission(), submission(), submission()});
    commit(*store, {lease{1, 1, "fast", epoch, "a1", "w", 15s}, lease{2, 1, "fast", epoch, "a2", "w", 15s}});
    end done{2, 2, "fast", epoch, {}, {}};
    done.how.how = outcome::succeeded;
    done.how.result = "42";
    commit(*store, {done});
    return 0;
  });
  REQUIRE(code == 0);
  const auto store = must(sqlite_store::open(path, roomy()));
  const auto reader = must(sqlite_reader::open(path));
  CHECK_FALSE(store->report().was_clean);
  CHECK(must(reader->find(1)).state == job_state::running);
  CHECK(must(reader->find(1)).node == "a1");
  CHECK(must(reader->find(1)).fence == 1);
  CHECK(must(reader->find(2)).state == job_state::succeeded);
  CHECK(must(reader->result(2)) == "42");
  CHECK(must(reader->find(3)).state == job_state::ready);
  const auto epoch = commit(*store, {open_lane{"fast"}}).answers[0].epoch;
  CHECK(epoch == 2);
  end again{2, 2, "fast", epoch, {}, {}};
  again.how.how = outcome::succeeded;
  const auto repeated = commit(*store, {again, submission(), lease{3, 1, "fast", epoch, "a1", "w", 15s}});
  CHECK_FALSE(repeated.answers[0].failure);
  CHECK(repeated.answers[1].id > 3);
  CHECK(repeated.answers[2].row->fence == 3);
}

TEST_CASE("nothing is kept of a transaction in which an invariant broke, and the store is not clean", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  {
    const auto store = must(sqlite_store::open(path, roomy()));
    commit(*store, {open_lane{"fast"}, submission(), lease{1, 1, "fast", 1, "a1", "w", 15s}});
    end drained{1, 1, "fast", 1, {}, {}};
    drained.how.how = outcome::drained;
    commit(*store, {drained});
  }
  // A fence counter behind the fence of a row: no lease of that row can be right.
  must(sqlite_connection::open_writer(path))->exec("UPDATE meta SET value=0 WHERE name='fence'");
  {
    const auto store = must(sqlite_store::open(path, roomy()));
    CHECK_THROWS_AS(store->apply(std::vector<operation>{submission(), lease{1, 3, "fast", 1, "a1", "w", 15s}}, start),
                    broken_invariant);
    CHECK(store->live_jobs() == 1);
    CHECK(store->apply(std::vector<operation>{submission()}, start).error().code == errc::io_error);
  }
  const auto store = must(sqlite_store::open(path, roomy()));
  CHECK_FALSE(store->report().was_clean);
  CHECK(store->report().live_jobs == 1);
  CHECK(must(must(sqlite_reader::open(path))->list({})).size() == 1);
  CHECK(commit(*store, {submission()}).answers[0].id > 1);
}

TEST_CASE("a commit that finds the store locked changes nothing and can be repeated", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  auto options = roomy();
  options.lock_wait = std::chrono::milliseconds{1};
  {
    const auto store = must(sqlite_store::open(path, options));
    const auto operator_s = must(sqlite_connection::open_writer(path));
    REQUIRE(operator_s->exec("BEGIN IMMEDIATE"));
    const std::vector<operation> ops{open_lane{"fast"}, submission()};
    CHECK(store->apply(ops, start).error().code == errc::unavailable);
    CHECK(store->apply(ops, start).error().code == errc::unavailable);
    CHECK(store->live_jobs() == 0);
    CHECK(must(store->load_lane("fast", 0, 10)).entries.empty());
    REQUIRE(operator_s->exec("ROLLBACK"));
    const auto done = commit(*store, ops);
    CHECK(done.answers[0].epoch == 1);
    CHECK(done.answers[1].id == 1);
  }
  CHECK(must(sqlite_store::open(path, options))->report().was_clean);
}

TEST_CASE("a copy of file and log taken while the store is open holds what was acknowledged", "[store]") {
  scratch home;
  const auto store = must(sqlite_store::open(home / "store.db", roomy()));
  for (int i = 0; i < 20; ++i) {
    commit(*store, {submission()});
    if (i % 5 != 4) continue;
    const auto copy = home / ("copy" + std::to_string(i) + ".db");
    std::filesystem::copy_file(home / "store.db", copy);
    std::filesystem::copy_file(home / "store.db-wal", copy + "-wal");
    const auto reopened = must(sqlite_store::open(copy, roomy()));
    CHECK(reopened->live_jobs() == static_cast<std::uint64_t>(i) + 1);
    CHECK(must(reopened->load_lane("fast", 0, 100)).entries.size() == static_cast<std::size_t>(i) + 1);
  }
}

TEST_CASE("a second owner is refused with the pid of the first, also from another process", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  auto store = must(sqlite_store::open(path, roomy()));
  const auto refused = sqlite_store::open(path, roomy());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::wrong_state);
  CHECK(refused.error().message.find(std::to_string(::getpid())) != std::string::npos);
  CHECK(in_child([&] {
          const auto second = sqlite_store::open(path, roomy());
          return !second && second.error().code == errc::wrong_state ? 7 : 1;
        }) == 7);
  store.reset();
  CHECK(sqlite_store::open(path, roomy()));
}

TEST_CASE("a store of a newer version is refused and left as it is", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  must(sqlite_store::open(path, roomy())).reset();
  must(sqlite_connection::open_writer(path))->exec("PRAGMA user_version=99");
  CHECK(sqlite_store::open(path, roomy()).error().code == errc::incompatible);
  CHECK(sqlite_reader::open(path).error().code == errc::incompatible);
  CHECK(must(sqlite_connection::open_writer(path))->ask_number("PRAGMA user_version") == 99);
}

TEST_CASE("a reader says of an older store that it is to be migrated", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  must(sqlite_store::open(path, roomy())).reset();
  const auto older = check_version(*must(sqlite_connection::open_reader(path)), schema_version + 1).error();
  CHECK(older.code == errc::incompatible);
  CHECK(older.message.find("migrates") != std::string::npos);
  CHECK(older.message.find("newer build") == std::string::npos);
}

TEST_CASE("a row that changed under a transaction is a store not to be trusted, and says so", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  const auto store = must(sqlite_store::open(path, roomy()));
  commit(*store, {submission()});
  must(sqlite_connection::open_writer(path))
      ->exec("CREATE TRIGGER meddler BEFORE UPDATE ON jobs BEGIN SELECT RAISE(IGNORE); END");
  const auto why = store->apply(std::vector<operation>{cancel{1, "x"}}, start).error();
  CHECK(why.code == errc::io_error);
  CHECK(why.message.find("job 1 was changed") != std::string::npos);
}

TEST_CASE("what is no store of ours gives io_error", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  SECTION("no database") { std::ofstream(path) << std::string(10'000, 'x'); }
  SECTION("another program's database") { must(sqlite_connection::open_writer(path))->exec("CREATE TABLE other(a)"); }
  SECTION("a directory") { std::filesystem::create_directory(path); }
  SECTION("a damaged store that was not closed") {
    in_child([&] {
      auto store = must(sqlite_store::open(path, roomy())).release();
      for (int i = 0; i < 20; ++i) commit(*store, std::vector<operation>(100, submission()));
      return 0;
    });
    must(sqlite_connection::open_writer(path))->checkpoint();
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 20; page < 60; ++page) file.seekp(page * page_bytes).write(std::string(200, '\xff').data(), 200);
  }
  CHECK(sqlite_store::open(path, roomy()).error().code == errc::io_error);
}

TEST_CASE("another program's database is left as it is, byte for byte", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  const auto other = [&](const char* mode) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
    const auto sql = std::string("PRAGMA journal_mode=") + mode + "; PRAGMA page_size=1024; PRAGMA user_version=1;" +
                     "CREATE TABLE other(a); INSERT INTO other VALUES(1)";
    CHECK(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
  };
  const auto bytes = [&] {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  other(GENERATE("DELETE", "WAL"));
  const auto before = bytes();
  CHECK(sqlite_store::open(path, roomy()).error().code == errc::io_error);
  CHECK(bytes() == before);
  for (const auto* rest : {"-wal", "-shm", "-journal"}) CHECK_FALSE(std::filesystem::exists(path + rest));
}

TEST_CASE("a file that does not take a setting is refused, and the setting named", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  must(sqlite_store::open(path, roomy())).reset();
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  CHECK(sqlite3_exec(db, "PRAGMA journal_mode=DELETE; PRAGMA page_size=8192; VACUUM", nullptr, nullptr, nullptr) == 0);
  sqlite3_close(db);
  const auto refused = sqlite_store::open(path, roomy());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::io_error);
  CHECK(refused.error().message.find("page_size") != std::string::npos);
  CHECK(refused.error().message.find("8192") != std::string::npos);
}

TEST_CASE("a place that cannot be written gives io_error", "[store]") {
  scratch home;
  const auto path = home / "data/store.db";
  must(sqlite_store::open(path, roomy())).reset();
  CHECK(sqlite_store::open(home / "missing/deeper/store.db", roomy()).error().code == errc::io_error);
  if (::geteuid() != 0) SKIP("needs root, who can become another user");
  ::chmod(home.path().c_str(), 0755);
  CHECK(in_child([&] {
          if (::setuid(65534) != 0) return 1;
          const auto opened = sqlite_store::open(path, roomy());
          return !opened && opened.error().code == errc::io_error ? 7 : 2;
        }) == 7);
}

TEST_CASE("a migration copies the file first, steps in order, and is not repeated", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  const migration old[] = {{1, "CREATE TABLE t(a); INSERT INTO t VALUES(1)"}};
  const migration now[] = {old[0], {2, "ALTER TABLE t ADD COLUMN b DEFAULT 5"}, {3, "INSERT INTO t VALUES(2, 6)"}};
  const migration bad[] = {now[0], now[1], now[2], {4, "INSERT INTO t VALUES(3, 7); INSERT INTO missing VALUES(1)"}};
  const auto db = must(sqlite_connection::open_writer(path));
  CHECK(must(migrate(*db, old)) == 0);
  CHECK_FALSE(std::filesystem::exists(path + ".before-v1"));
  std::ofstream(path + ".before-v3") << "left by a crash";
  CHECK(must(migrate(*db, now)) == 1);
  CHECK(db->ask_number("SELECT sum(b) FROM t") == 11);
  CHECK(mode_of(path + ".before-v3") == 0600);
  CHECK(must(sqlite_connection::open_writer(path + ".before-v3"))->ask_number("PRAGMA user_version") == 1);
  CHECK(must(migrate(*db, now)) == 3);
  CHECK(migrate(*db, old).error().code == errc::incompatible);
  CHECK(migrate(*db, bad).error().code == errc::io_error);
  db->forget_failure();
  CHECK(db->ask_number("SELECT count(*) FROM t") == 2);
  CHECK(db->ask_number("PRAGMA user_version") == 3);
}

TEST_CASE("the log and the file stay bounded while jobs come and go", "[store]") {
  scratch home;
  auto options = roomy();
  options.retention.succeeded_count = 200;
  options.retention.prune_budget = 1s;
  const auto path = home / "store.db";
  const auto store = must(sqlite_store::open(path, options));
  const auto reader = must(sqlite_reader::open(path));
  const auto epoch = commit(*store, {open_lane{"fast"}}).answers[0].epoch;
  const std::string input = "\"" + std::string(4'000, 'x') + "\"";
  for (int i = 0; i < 50; ++i) {
    const auto added = commit(*store, std::vector<operation>(100, submission("fast", input)));
    std::vector<operation> gone;
    for (const auto& one : added.answers) gone.push_back(cancel{one.id, "x"});
    commit(*store, gone);
  }
  CHECK(std::filesystem::file_size(path + "-wal") < 2 * wal_bytes);
  CHECK(std::filesystem::file_size(path) < 16u << 20);
  CHECK(must(reader->counts()).at(0).cancelled == 200);
  CHECK(epoch == 1);
}

TEST_CASE("an operator's views show names and times", "[store]") {
  scratch home;
  const auto store = must(sqlite_store::open(home / "store.db", roomy()));
  commit(*store, {open_lane{"fast"}, submission(), lease{1, 1, "fast", 1, "a1", "w", 15s}, note{"n", "", "", 0, "t"}});
  const auto db = must(sqlite_connection::open_reader(home / "store.db"));
  CHECK(db->ask("SELECT state || ' ' || submitted_at FROM jobs_view") == "running 2026-01-02T00:00:00.000Z");
  CHECK(db->ask("SELECT outcome || ' ' || leased_at FROM attempts_view") == "none 2026-01-02T00:00:00.000Z");
  CHECK(db->ask("SELECT kind || ' ' || at FROM events_view") == "n 2026-01-02T00:00:00.000Z");
  CHECK(db->ask_number("SELECT running FROM lanes WHERE name='fast'") == 1);
}
