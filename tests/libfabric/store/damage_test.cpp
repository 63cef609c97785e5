#include "fabric/store/sqlite_connection.hpp"
#include "fabric/store/sqlite_settings.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

namespace {

/// Writes over every page but the first few, as a disk that goes bad under an open store.
void spoil(const std::string& path, int first_page) {
  const auto pages = static_cast<int>(std::filesystem::file_size(path) / page_bytes);
  REQUIRE(pages > first_page + 10);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  for (int page = first_page; page < pages; ++page)
    file.seekp(page * page_bytes).write(std::string(200, '\xff').data(), 200);
}

} // namespace

TEST_CASE("what SQLite says becomes a full disk, a busy store, or a store not to be trusted", "[store]") {
  struct row {
    int code;
    int os_error;
    errc means;
  };
  const auto [code, os_error, means] = GENERATE(values<row>({
      {SQLITE_FULL, 0, errc::disk_full},
      {SQLITE_IOERR_WRITE, ENOSPC, errc::disk_full},
      {SQLITE_IOERR_FSYNC, EDQUOT, errc::disk_full},
      {SQLITE_IOERR_SHMSIZE, ENOSPC, errc::disk_full},
      {SQLITE_IOERR_WRITE, EIO, errc::io_error},
      {SQLITE_IOERR_READ, 0, errc::io_error},
      {SQLITE_CORRUPT, 0, errc::io_error},
      {SQLITE_CORRUPT, ENOSPC, errc::io_error}, // errno of some earlier call
      {SQLITE_NOTADB, 0, errc::io_error},
      {SQLITE_CANTOPEN, EACCES, errc::io_error},
      {SQLITE_READONLY, 0, errc::io_error},
      {SQLITE_NOMEM, 0, errc::io_error},
      {SQLITE_BUSY, 0, errc::unavailable},
      {SQLITE_BUSY_RECOVERY, 0, errc::unavailable},
      {SQLITE_LOCKED, 0, errc::unavailable},
      {SQLITE_INTERRUPT, 0, errc::unavailable},
  }));
  CAPTURE(code, os_error);
  const auto e = as_error({code, os_error, "its words"}, "/x/store.db");
  CHECK(e.code == means);
  CHECK(e.where == "/x/store.db");
  CHECK((code == SQLITE_INTERRUPT || e.message.find("its words") == 0));
  if (os_error != 0) CHECK(e.message.find(std::strerror(os_error)) != std::string::npos);
}

TEST_CASE("a store whose pages go bad answers nothing from then on, and is checked at its next start", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  {
    const auto store = must(sqlite_store::open(path, roomy()));
    for (int i = 0; i < 20; ++i) must(store->apply(std::vector<operation>(100, submission()), start));
  }
  {
    const auto store = must(sqlite_store::open(path, roomy())); // Its cache is empty.
    spoil(path, 20);
    const std::vector<operation> ops{cancel{1000, "x"}};
    CHECK(store->apply(ops, start).error().code == errc::io_error);
    CHECK(store->apply(ops, start).error().code == errc::io_error);
    CHECK(store->apply({}, start + std::chrono::hours{9000}).error().code == errc::io_error);
  }
  CHECK(must(sqlite_connection::open_reader(path))->ask_number("SELECT value FROM meta WHERE name='clean'") == 0);
  const auto refused = sqlite_store::open(path, roomy());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::io_error);
  CHECK(refused.error().message.find("damaged") != std::string::npos);
}
