#include "fabric/job/json.hpp"
#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/job_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace fabric::cli {

namespace {

constexpr std::uint64_t page_max = 1000;

} // namespace

/// Page by page, as the store gives them. JSON is printed as it comes; a table needs all of its rows first.
exit_code list(session& s) {
  const auto& chosen = s.call.chosen;
  store::job_filter filter{
      .states = chosen.states, .lane = chosen.lane, .job_class = chosen.job_class, .after = chosen.after, .limit = 0};
  std::vector<job> rows;
  bool more = true;
  for (auto left = chosen.limit; more && left > 0;) {
    filter.limit = std::min(left, page_max);
    auto page = s.cell.list(filter);
    if (!page) return s.failed(page.error());
    more = page->size() == filter.limit;
    left -= page->size();
    if (!page->empty()) filter.after = page->back().id;
    for (auto& j : *page) {
      if (s.call.json)
        s.screen.line(json_text(to_json(j)));
      else
        rows.push_back(std::move(j));
    }
  }
  if (s.call.json) return done;
  s.screen.write(job_table(rows, session::now()).render(s.screen.out(), s.screen.width()));
  if (more && s.screen.out_is_terminal()) s.screen.notice("there may be more: --after " + std::to_string(filter.after));
  return done;
}

} // namespace fabric::cli
