#include "fabric/job/states.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;

TEST_CASE("every job state has a name of its own that leads back to it", "[job]") {
  for (int value = 1; value <= 7; ++value) {
    const auto state = static_cast<job_state>(value);
    INFO(to_string(state));
    CHECK(to_string(state) != "unknown");
    CHECK(job_state_from(to_string(state)) == state);
  }
  CHECK(to_string(job_state::buried) == "buried");
}

TEST_CASE("every outcome has a name of its own that leads back to it", "[job]") {
  for (int value = 0; value <= 10; ++value) {
    const auto how = static_cast<outcome>(value);
    INFO(to_string(how));
    CHECK(to_string(how) != "unknown");
    CHECK(outcome_from(to_string(how)) == how);
  }
  CHECK(to_string(outcome::memory_exceeded) == "memory_exceeded");
}

TEST_CASE("what is no state or outcome has no value, and its number no name", "[job]") {
  CHECK(to_string(static_cast<job_state>(0)) == "unknown");
  CHECK(to_string(static_cast<job_state>(8)) == "unknown");
  CHECK(to_string(static_cast<outcome>(11)) == "unknown");
  for (const auto* name : {"", "unknown", "Ready", "ready ", "lease"}) {
    INFO(name);
    CHECK_FALSE(job_state_from(name));
    CHECK_FALSE(outcome_from(name));
  }
}

TEST_CASE("exactly succeeded, buried and cancelled are final", "[job]") {
  for (const auto s : {job_state::waiting, job_state::scheduled, job_state::ready, job_state::running})
    CHECK_FALSE(is_final(s));
  for (const auto s : {job_state::succeeded, job_state::buried, job_state::cancelled}) CHECK(is_final(s));
}
