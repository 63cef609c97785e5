#include "fabric/node/spool_retention.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::node;

namespace {

constexpr time_point now{std::chrono::hours{1000}};
const config::spool limits{.age = 24h, .bytes = 1000, .inodes_low = 100};
constexpr spool_totals roomy{0, 1'000'000};

spool_entry entry(job_id id, duration age, std::uint64_t bytes = 10) { return {id, 1, bytes, now - age}; }

} // namespace

TEST_CASE("nothing goes while there is room and nothing is old") {
  CHECK(spool_surplus({entry(1, 1h), entry(2, 23h)}, {1000, 100}, limits, now).empty());
}

TEST_CASE("what is older than the age goes, oldest first") {
  const auto gone = spool_surplus({entry(1, 25h), entry(2, 1h), entry(3, 30h)}, roomy, limits, now);
  CHECK(gone == std::vector{entry(3, 30h), entry(1, 25h)});
}

TEST_CASE("the oldest go until the rest fits") {
  const auto gone = spool_surplus({entry(1, 1h, 300), entry(2, 3h, 300), entry(3, 2h, 300)}, {1500, 1000}, limits, now);
  CHECK(gone == std::vector{entry(2, 3h, 300), entry(3, 2h, 300)});
}

TEST_CASE("a limit of zero bytes is none") {
  auto unlimited = limits;
  unlimited.bytes = 0;
  CHECK(spool_surplus({entry(1, 1h, 5000)}, {5000, 1000}, unlimited, now).empty());
}

TEST_CASE("the oldest go until there are inodes enough") {
  const auto gone = spool_surplus({entry(1, 3h), entry(2, 2h), entry(3, 1h)}, {0, 95}, limits, now);
  CHECK(gone == std::vector{entry(1, 3h), entry(2, 2h)});
}

TEST_CASE("when all that is finished does not suffice, all of it goes and no more") {
  CHECK(spool_surplus({entry(1, 1h, 1)}, {5000, 0}, limits, now).size() == 1);
}
