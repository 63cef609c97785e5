#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

namespace {

/// A file system of its own, small enough to be filled.
class small_disk {
public:
  explicit small_disk(const std::string& at) : at_(at) {
    mounted_ = ::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=4m") == 0;
  }
  ~small_disk() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  bool mounted() const { return mounted_; }

private:
  std::string at_;
  bool mounted_ = false;
};

void fill(const std::string& path) {
  std::ofstream file(path);
  const std::string block(4096, 'x');
  while (file.write(block.data(), 4096).flush()) {
  }
}

} // namespace

TEST_CASE("free space is asked for at most every 200 ms, and the reserve is made anew when there is room", "[store]") {
  scratch home;
  auto now = std::chrono::steady_clock::time_point{};
  std::uint64_t free_bytes = 3000;
  int asked = 0;
  space_guard guard({home / "x.reserve", 1000, 2000,
                     [&](const std::string&) -> std::optional<std::uint64_t> { return ++asked, free_bytes; },
                     [&] { return now; }});
  CHECK(guard.has_reserve());
  CHECK(asked == 1);
  now += 199ms;
  free_bytes = 999;
  CHECK_FALSE(guard.is_low());
  now += 1ms;
  CHECK(guard.is_low());
  CHECK(asked == 2);
  CHECK(guard.release());
  CHECK_FALSE(guard.release());
  free_bytes = 2999;
  CHECK_FALSE(guard.is_low());
  CHECK_FALSE(guard.has_reserve());
  free_bytes = 3000;
  now += 1s;
  CHECK_FALSE(guard.is_low());
  CHECK(guard.has_reserve());
}

TEST_CASE("on a disk that is really full nothing is acknowledged, yet ends commit from the reserve", "[store]") {
  scratch home;
  const small_disk disk(home.path());
  if (!disk.mounted()) SKIP("needs to mount a tmpfs: not root, or not allowed here");
  sqlite_options options;
  options.disk_low = 0;
  options.reserve = 1 << 20;
  auto store = must(sqlite_store::open(home / "store.db", options));
  const auto apply = [&](std::vector<operation> ops) { return store->apply(ops, start); };
  const auto epoch = must(apply({open_lane{"fast"}})).answers[0].epoch;
  must(apply({submission(), lease{1, 1, "fast", epoch, "a1", "w", 15s}}));
  fill(home / "ballast");
  const auto big = submission("fast", "\"" + std::string(600'000, 'x') + "\"");
  end done{1, 1, "fast", epoch, {}, {}};
  done.how.how = outcome::succeeded;
  done.how.result = "\"" + std::string(300'000, 'r') + "\"";
  const auto batch = must(apply({big, done}));
  CHECK(batch.answers[0].failure.value().code == errc::disk_full);
  CHECK_FALSE(batch.answers[1].failure);
  CHECK(::access((home / "store.db.reserve").c_str(), F_OK) != 0);
  fill(home / "ballast2");
  note huge{"n", "", "", 0, std::string(600'000, 'x')};
  CHECK(apply({huge}).error().code == errc::disk_full);
  ::unlink((home / "ballast").c_str());
  CHECK(must(apply({submission()})).answers[0].id == 2);
  store.reset();
  const auto reopened = must(sqlite_store::open(home / "store.db", options));
  CHECK(reopened->live_jobs() == 1);
  CHECK(must(must(sqlite_reader::open(home / "store.db"))->find(1)).state == job_state::succeeded);
}
