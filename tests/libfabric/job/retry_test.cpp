#include "fabric/job/retry.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;

namespace {

constexpr double middle = 0.5; ///< The draw at which jitter changes nothing.

} // namespace

TEST_CASE("the default backoff doubles from one second up to five minutes", "[job]") {
  const retry_policy policy;
  CHECK(backoff(policy, 1, middle) == 1s);
  CHECK(backoff(policy, 2, middle) == 2s);
  CHECK(backoff(policy, 3, middle) == 4s);
  CHECK(backoff(policy, 9, middle) == 256s);
  CHECK(backoff(policy, 10, middle) == 5min);
  CHECK(backoff(policy, 11, middle) == 5min);
}

TEST_CASE("jitter spreads a backoff by its share to both sides, also at the cap", "[job]") {
  const retry_policy policy{.base = 10s, .factor = 2.0, .max = 20s, .jitter = 0.25};
  CHECK(backoff(policy, 1, 0.0) == 7500ms);
  CHECK(backoff(policy, 1, middle) == 10s);
  CHECK(backoff(policy, 1, 0.75) == 11250ms);
  CHECK(backoff(policy, 5, 0.0) == 15s);
  CHECK(backoff(policy, 5, 0.999999) > 24s);
  CHECK(backoff(policy, 5, 0.999999) < 25s);
}

TEST_CASE("a backoff neither overflows nor turns negative", "[job]") {
  CHECK(backoff({}, 4'000'000'000, middle) == 5min);
  const retry_policy longest{.base = 1s, .factor = 1e300, .max = duration::max(), .jitter = 1.0};
  CHECK(backoff(longest, 1000, 0.99) > std::chrono::hours{24 * 365 * 100'000});
  CHECK(backoff(longest, 1000, 0.0) == 0s);
}

TEST_CASE("a base of zero retries at once", "[job]") { CHECK(backoff({.base = 0s, .factor = 10.0}, 1000, 0.9) == 0s); }

TEST_CASE("a factor of one waits the same each time, a base over the maximum waits the maximum", "[job]") {
  CHECK(backoff({.base = 3s, .factor = 1.0, .jitter = 0}, 50, 0.1) == 3s);
  CHECK(backoff({.base = 10min, .jitter = 0}, 1, 0.1) == 5min);
}
