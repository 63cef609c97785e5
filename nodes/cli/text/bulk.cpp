#include "nodes/cli/text/bulk.hpp"

#include "nodes/cli/text/human.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fabric::cli {

std::vector<job_state> states_for(const invocation& call) {
  if (!call.chosen.states.empty()) return call.chosen.states;
  if (call.command == "kick") return {job_state::buried};
  return {job_state::waiting, job_state::scheduled, job_state::ready, job_state::running};
}

void put_in_order(const std::string& command, std::vector<job_id>& newest_first) {
  if (command == "kick") std::ranges::reverse(newest_first);
}

void bulk_outcome::add(const std::optional<error>& failure) {
  if (!failure) {
    ++changed;
  } else if (failure->code == errc::not_found || failure->code == errc::wrong_state) {
    ++gone;
  } else {
    ++refused;
    if (!first_refusal) first_refusal = failure;
  }
}

std::string jobs_text(std::size_t count) { return human_count(count) + (count == 1 ? " job" : " jobs"); }

std::string question(const std::string& command, std::size_t count) {
  return fmt::format("{} {}?", command, jobs_text(count));
}

std::string outcome_text(const std::string& command, const bulk_outcome& sum, std::size_t count) {
  auto text = fmt::format("{}: {} of {}", command, human_count(sum.changed), jobs_text(count));
  if (sum.gone > 0) text += fmt::format(", {} in another state by now", human_count(sum.gone));
  if (sum.refused > 0) text += fmt::format(", {} refused", human_count(sum.refused));
  return text;
}

} // namespace fabric::cli
