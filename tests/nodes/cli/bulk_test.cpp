#include "nodes/cli/text/bulk.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::cli;

TEST_CASE("without --state all jobs that can be changed are chosen", "[cli]") {
  invocation call;
  call.command = "kick";
  CHECK(states_for(call) == std::vector{job_state::buried});
  call.command = "cancel";
  CHECK(states_for(call).size() == 4);
  call.chosen.states = {job_state::ready};
  CHECK(states_for(call) == std::vector{job_state::ready});
}

TEST_CASE("a job that went another way meanwhile is no failure of a bulk change", "[cli]") {
  bulk_outcome sum;
  sum.add(std::nullopt);
  sum.add(error{errc::wrong_state, "is running", {}});
  sum.add(error{errc::not_found, "no job 7", {}});
  CHECK(outcome_text("kick", sum, 3) == "kick: 1 of 3 jobs, 2 in another state by now");
  CHECK_FALSE(sum.first_refusal);
  sum.add(error{errc::disk_full, "full", {}});
  sum.add(error{errc::draining, "later", {}});
  CHECK(sum.refused == 2);
  CHECK(sum.first_refusal.value().code == errc::disk_full);
  CHECK(question("cancel", 1) == "cancel 1 job?");
}

TEST_CASE("jobs are kicked oldest first and cancelled newest first, for the sake of their ordering keys", "[cli]") {
  std::vector<job_id> ids{9, 5, 2};
  put_in_order("cancel", ids);
  CHECK(ids == std::vector<job_id>{9, 5, 2});
  put_in_order("kick", ids);
  CHECK(ids == std::vector<job_id>{2, 5, 9});
}
