#include "fabric/job/json.hpp"
#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/job_progress.hpp"
#include "nodes/cli/text/job_text.hpp"

#include <nlohmann/json.hpp>

namespace fabric::cli {

exit_code show(session& s) {
  const auto all = s.cell.details(s.call.ids.front());
  if (!all) return s.failed(all.error());
  std::optional<seen_progress> seen;
  if (all->row.state == job_state::running)
    if (auto reply = s.cell.progress(all->row)) seen = std::move(*reply);
  if (s.call.json) {
    auto job = to_json(all->row, all->input, all->result, all->attempts);
    job["progress"] = seen ? to_json(*seen) : nlohmann::json();
    job["line"] = all->line ? to_json(*all->line) : nlohmann::json();
    s.screen.line(json_text(job));
    return done;
  }
  // Why a job waits is told by its lane; without an answer the rest is still worth showing.
  std::optional<actors::lane_reports> lanes;
  if (all->row.state == job_state::ready)
    if (auto reply = s.cell.lanes()) lanes = std::move(*reply);
  s.screen.write(
      job_page_text(*all, lanes ? &*lanes : nullptr, s.screen.out(), session::now(), seen ? progress_text(*seen) : ""));
  return done;
}

exit_code result(session& s) {
  const auto all = s.cell.details(s.call.ids.front());
  if (!all) return s.failed(all.error());
  const job& j = all->row;
  if (!is_final(j.state))
    return s.failed(
        {errc::wrong_state,
         "job " + std::to_string(j.id) + " is " + std::string(to_string(j.state)) + ": it has no result yet", ""});
  if (s.call.json)
    s.screen.line(json_text({{"id", j.id},
                             {"state", to_string(j.state)},
                             {"reason", j.reason.empty() ? nlohmann::json() : nlohmann::json(j.reason)},
                             {"result", embedded(all->result.value_or(""))}}));
  else if (j.state == job_state::succeeded)
    s.screen.line(s.screen.shown(all->result.value_or("null")));
  else
    s.screen.notice(ended_line(j, {}));
  return j.state == job_state::succeeded ? done : job_failed;
}

} // namespace fabric::cli
