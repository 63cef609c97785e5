#include "tests/fault/crash_run.hpp"
#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

using namespace fabric;
using namespace fabric::fault;

/// The power fails: each sector that was not synced is there, is not, or is torn. scripts/soak makes more of these.
namespace {

record write(std::string path, std::int64_t at, std::string bytes) {
  return {record::kind::write, std::move(path), at, std::move(bytes)};
}

/// How many of `count` crashes leave something wrong.
int damaged(const crash_run& run, std::uint64_t seed, int count) {
  int bad = 0;
  for (int i = 0; i < count; ++i) bad += run.crash(seed + static_cast<std::uint64_t>(i)).empty() ? 0 : 1;
  return bad;
}

} // namespace

TEST_CASE("a crash keeps what was synced, and each sector of the rest or not", "[store]") {
  const std::vector<record> log{
      {record::kind::open, "f"},
      write("f", 0, std::string(1024, 'a')),
      {record::kind::sync, "f", 0, {}, true},
      write("f", 512, std::string(1024, 'b')),
      {record::kind::open, "g"},
  };
  int kept = 0, dropped = 0, torn = 0, with_g = 0, short_f = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    dice draw(seed);
    const auto image = crash_image({}, log, draw);
    with_g += image.contains("g") ? 1 : 0;
    const auto& f = image.at("f");
    REQUIRE(f.size() >= 1024);
    CHECK(f.substr(0, 512) == std::string(512, 'a'));
    const auto second = f.substr(512, 512);
    kept += second == std::string(512, 'b') ? 1 : 0;
    dropped += second == std::string(512, 'a') ? 1 : 0;
    torn += second.front() == 'b' && second.back() == 'a' ? 1 : 0;
    short_f += f.size() == 1024 ? 1 : 0;
  }
  CHECK(kept > 100);
  CHECK(dropped > 100);
  CHECK(torn > 5);
  CHECK(short_f > 50);
  CHECK(with_g > 100);
  CHECK(with_g < 400);
}

TEST_CASE("a removal that was not synced may come undone", "[store]") {
  const std::vector<record> log{{record::kind::remove, "f"}};
  int there = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    dice draw(seed);
    there += crash_image({{"f", "x"}}, log, draw).contains("f") ? 1 : 0;
  }
  CHECK(there > 20);
  CHECK(there < 80);
}

TEST_CASE("after a crash at any instant everything acknowledged is there and the store is sound", "[store]") {
  const auto seed = GENERATE(range(1u, 6u));
  const crash_run run(seed);
  CHECK(run.shrank());
  for (std::uint64_t i = 0; i < 40; ++i) {
    INFO("scenario " << seed << ", crash " << seed * 1000 + i);
    CHECK(run.crash(seed * 1000 + i) == std::vector<std::string>{});
  }
}

TEST_CASE("crash images show what a store without its syncs would lose", "[store]") {
  const auto level = GENERATE('0', '1'); // OFF, NORMAL
  const crash_run run(1, std::make_unique<deceived_recorder>(level));
  CAPTURE(level);
  CHECK(damaged(run, 1, 20) > 4);
}
