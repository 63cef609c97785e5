#include "fabric/scheduler/intake.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;

TEST_CASE("a count of the store does not forget what is under way") {
  scheduler::intake jobs;
  CHECK_FALSE(jobs.known());
  jobs.stored(5);
  CHECK(jobs.known());
  jobs.admitted(100);
  jobs.admitted(50);
  CHECK(jobs.live_jobs() == 7);
  jobs.stored(4); // Of a commit without the two.
  CHECK(jobs.live_jobs() == 6);
  CHECK(jobs.bytes() == 150);

  jobs.stored(5); // Of the commit with the first.
  jobs.answered(100);
  CHECK(jobs.live_jobs() == 6);
  CHECK(jobs.bytes() == 50);
  jobs.answered(50); // Refused.
  CHECK(jobs.live_jobs() == 5);
}
