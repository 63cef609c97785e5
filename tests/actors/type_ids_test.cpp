#include "actors/messages.hpp"

#include <caf/type_id.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace fabric::actors;

namespace {

template <class... Ts> std::vector<caf::type_id_t> ids() { return {caf::type_id_v<Ts>...}; }

} // namespace

// A process of another build reads messages by these numbers: whoever has to change this test breaks the wire.
TEST_CASE("the numbers of the messages on the wire are what they were", "[wire]") {
  const auto found =
      ids<submit_jobs, receipt, receipts, cancel_jobs, kick_jobs, get_jobs, list_jobs, job_page, wait_jobs, get_details,
          job_details, get_events, event_page, read_log, log_piece, get_lanes, lane_report, lane_reports, get_nodes,
          worker_report, node_report, node_reports, get_hello, cell_hello, find_desk, desk_found, pause_lane,
          resume_lane, order_receipt, explain_job, job_explanation, reset_jobs, reload_config, set_policy,
          change_receipt, get_config, config_text, drain_node, undrain_node, drain_report, detach_node, get_progress,
          progress_report, find_registrar, registrar_found>();
  std::vector<caf::type_id_t> pinned;
  for (caf::type_id_t id = 200; id <= 244; ++id) pinned.push_back(id);
  CHECK(found == pinned);
}

TEST_CASE("messages inside one cell, and inside one process, leave room for more on the wire", "[wire]") {
  CHECK(caf::id_block::fabric_cell::begin == 350);
  CHECK(caf::id_block::fabric_local::begin == 400);
  CHECK(caf::id_block::fabric_wire::end <= caf::id_block::fabric_cell::begin);
  CHECK(caf::id_block::fabric_cell::end <= caf::id_block::fabric_local::begin);
}
