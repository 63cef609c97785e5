#include "fabric/job/limits.hpp"
#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/printable.hpp"
#include "nodes/cli/text/report_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>

namespace fabric::cli {

namespace {

using ids_t = std::vector<job_id>;

/// How to say what became of a job.
struct wording {
  std::string running; ///< If it is running.
  std::string unknown; ///< If its state cannot be asked for.
};

std::string in_words(const std::optional<std::string>& state, const wording& words) {
  if (!state) return words.unknown;
  return *state == "running" ? words.running : *state;
}

/// What a receipt says, in JSON or in words. @param state of the job now, if it is known.
exit_code print(session& s, const actors::receipt& r, const std::optional<std::string>& state, const wording& words) {
  if (s.call.json) {
    nlohmann::json out{{"id", r.id}, {"ok", !r.failure}};
    if (r.failure)
      out["error"] = to_json(*r.failure);
    else
      out["state"] = state ? nlohmann::json(*state) : nlohmann::json();
    s.screen.line(json_text(out));
  } else if (!r.failure) {
    s.screen.line(std::to_string(r.id) + "  " + in_words(state, words));
  }
  if (!r.failure) return done;
  if (!s.call.json) {
    const bool names_it = r.failure->message.starts_with("job ");
    s.screen.notice((names_it ? "" : "job " + std::to_string(r.id) + ": ") + printable(render(*r.failure)));
  }
  return exit_code_for(r.failure->code);
}

/// Applies `change` to all jobs that were named. Repeating it does no harm, so an answer that got lost is asked for
/// again by whoever reads the exit code.
template <class Change> exit_code change_all(session& s, Change change, const wording& words) {
  exit_code code = done;
  for (std::size_t at = 0; at < s.call.ids.size(); at += limits::batch_jobs) {
    const auto begin = s.call.ids.begin() + static_cast<std::ptrdiff_t>(at);
    const auto size = static_cast<std::ptrdiff_t>(std::min(limits::batch_jobs, s.call.ids.size() - at));
    const ids_t ids(begin, begin + size);
    auto reply = change(ids);
    if (!reply) return worse(code, s.failed(reply.error()));
    std::map<job_id, std::string> states;
    if (auto rows = s.cell.get(ids))
      for (const auto& j : *rows) states[j.id] = to_string(j.state);
    for (auto& r : reply->items) {
      const auto known = states.find(r.id);
      code = worse(code, print(s, r, known == states.end() ? std::nullopt : std::optional(known->second), words));
    }
  }
  return code;
}

} // namespace

exit_code cancel(session& s) {
  if (s.call.tool.bulk) return bulk_change(s);
  return change_all(s, [&](const ids_t& ids) { return s.cell.cancel(ids); }, {"asked to stop", "to be cancelled"});
}

exit_code kick(session& s) {
  if (s.call.tool.bulk) return bulk_change(s);
  return change_all(s, [&](const ids_t& ids) { return s.cell.kick(ids); }, {"running", "put back"});
}

exit_code reset(session& s) {
  return change_all(s, [&](const ids_t& ids) { return s.cell.reset(ids); }, {"its checkpoint is thrown away", "reset"});
}

} // namespace fabric::cli
