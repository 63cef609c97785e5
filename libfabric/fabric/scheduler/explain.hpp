#pragma once

#include "fabric/config/config.hpp"
#include "fabric/job/job.hpp"
#include "fabric/lane/lane.hpp"
#include "fabric/node/worker.hpp"

#include <optional>
#include <string>
#include <vector>

/// Why a job does not run, or what it does instead of ending. Pure.
namespace fabric::scheduler {

/// What is known about a job and its surroundings at one instant.
struct explain_facts {
  job row;
  std::vector<attempt> attempts;            ///< Ascending.
  std::optional<lane::status> lane;         ///< Of the job's lane; nullopt: its actor did not answer.
  std::optional<lane::job_place> place;     ///< In its lane; nullopt: not waiting there.
  std::vector<node::worker_status> workers; ///< Of the job's lane.
  std::optional<key_line> line;             ///< While it waits for earlier jobs of its ordering key.
};

struct reason {
  std::string what; ///< A word for programs: "lane_paused", "no_free_slot", …
  std::string text; ///< One sentence with the numbers.

  bool operator==(const reason&) const = default;
};

/// Every reason, the strongest first: what no waiting will cure, then what must end, then the queue. A running job's
/// reasons say what its attempt does; a finished one's how it ended. Never empty.
std::vector<reason> explain(const explain_facts& facts, const config::root& all, time_point now);

} // namespace fabric::scheduler
