#include "nodes/cli/text/bulk.hpp"

#include "fabric/job/limits.hpp"
#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/printable.hpp"
#include "nodes/cli/text/report_json.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace fabric::cli {

namespace {

constexpr std::size_t page_max = 1000;
using ids_t = std::vector<job_id>;

/// The numbers of all jobs that the options choose, newest first.
expected<ids_t> choose(session& s) {
  const auto& chosen = s.call.chosen;
  store::job_filter filter{
      .states = states_for(s.call), .lane = chosen.lane, .job_class = chosen.job_class, .after = 0, .limit = page_max};
  ids_t found;
  for (bool more = true; more;) {
    const auto page = s.insist([&] { return s.cell.list(filter); });
    if (!page) return tl::unexpected(page.error());
    for (const auto& j : *page)
      if (j.reason.find(s.call.tool.error) != std::string::npos) found.push_back(j.id);
    more = page->size() == page_max;
    if (!page->empty()) filter.after = page->back().id;
  }
  return found;
}

/// Asks whoever sits at the terminal; nobody sits at a pipe.
bool agreed(session& s, std::size_t count) {
  if (s.call.tool.yes || ::isatty(STDIN_FILENO) != 1) return true;
  s.screen.flush();
  s.screen.write("fabric: " + question(s.call.command, count) + " [y/N] ", true);
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

void print(session& s, const actors::receipt& r) {
  nlohmann::json out{{"id", r.id}, {"ok", !r.failure}};
  if (r.failure) out["error"] = to_json(*r.failure);
  s.screen.line(json_text(out));
}

exit_code change(session& s, const ids_t& ids) {
  bulk_outcome sum;
  for (std::size_t at = 0; at < ids.size(); at += limits::batch_jobs) {
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(at);
    const ids_t some(begin, begin + static_cast<std::ptrdiff_t>(std::min(limits::batch_jobs, ids.size() - at)));
    const auto reply = s.insist([&] { return s.call.command == "kick" ? s.cell.kick(some) : s.cell.cancel(some); });
    if (!reply) {
      s.screen.notice(outcome_text(s.call.command, sum, ids.size()));
      return s.failed(reply.error());
    }
    for (const auto& r : reply->items) {
      sum.add(r.failure);
      if (s.call.json) print(s, r);
    }
  }
  if (!s.call.json) s.screen.line(outcome_text(s.call.command, sum, ids.size()));
  if (sum.first_refusal) s.screen.notice(printable(render(*sum.first_refusal)));
  return sum.refused > 0 ? refused : done;
}

} // namespace

exit_code bulk_change(session& s) {
  auto ids = choose(s);
  if (!ids) return s.failed(ids.error());
  put_in_order(s.call.command, *ids);
  if (s.call.tool.dry_run) {
    for (const auto id : *ids) s.screen.line(s.call.json ? json_text({{"id", id}}) : std::to_string(id));
    s.screen.notice("would " + s.call.command + " " + jobs_text(ids->size()));
    return done;
  }
  if (!ids->empty() && !agreed(s, ids->size())) {
    s.screen.notice("nothing was changed");
    return refused;
  }
  return change(s, *ids);
}

} // namespace fabric::cli
