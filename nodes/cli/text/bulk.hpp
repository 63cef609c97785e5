#pragma once

#include "fabric/error.hpp"

#include "nodes/cli/text/invocation.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

/// cancel and kick of many jobs. Pure.
namespace fabric::cli {

/// The states that are asked for: the given ones, else all that the command can change.
std::vector<job_state> states_for(const invocation& call);

/// The order in which the jobs are to be changed. Those of an ordering key are kicked as they were submitted, and
/// cancelled from behind, so that no end of the first lets one begin that is to be cancelled too.
void put_in_order(const std::string& command, std::vector<job_id>& newest_first);

/// What became of the jobs so far. One that went another way meanwhile is no failure: nothing is left to be done.
struct bulk_outcome {
  std::size_t changed = 0, gone = 0, refused = 0;
  std::optional<error> first_refusal;

  void add(const std::optional<error>& failure);
};

/// "1 job", "1,234 jobs".
std::string jobs_text(std::size_t count);

/// "Cancel 12 jobs?"
std::string question(const std::string& command, std::size_t count);

/// "cancel: 12 of 12 jobs", with what became of the others.
std::string outcome_text(const std::string& command, const bulk_outcome& sum, std::size_t count);

} // namespace fabric::cli
