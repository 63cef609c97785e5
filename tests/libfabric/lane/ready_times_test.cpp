#include "fabric/lane/ready_times.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using lane::ready_times;

TEST_CASE("the oldest of a few ready jobs is known to 100 ms") {
  ready_times times;
  CHECK_FALSE(times.oldest());
  times.add(time_point{1h + 250ms});
  times.add(time_point{1h + 260ms});
  times.add(time_point{2h});
  CHECK(times.oldest() == time_point{1h + 200ms});
  times.remove(time_point{1h + 250ms});
  CHECK(times.oldest() == time_point{1h + 200ms});
  times.remove(time_point{1h + 260ms});
  CHECK(times.oldest() == time_point{2h});
}

TEST_CASE("however long jobs have waited, the oldest is known to a 512th of that time") {
  ready_times times;
  const time_point begin{10h};
  constexpr int jobs = 100'000;
  const auto at = [&](int i) { return begin + i * duration{100ms}; };
  for (int i = 0; i < jobs; ++i) times.add(at(i));
  const auto precision = jobs * duration{100ms} / 512;
  for (int i = 0; i < jobs; ++i) {
    const auto oldest = times.oldest();
    if (!oldest || *oldest > at(i) || at(i) - *oldest > precision) FAIL("wrong at " << i);
    times.remove(at(i));
  }
  CHECK_FALSE(times.oldest());
  times.add(time_point{1h + 250ms});
  CHECK(times.oldest() == time_point{1h + 200ms}); // Precise again.
}
