#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/report_json.hpp"
#include "nodes/cli/text/report_text.hpp"

#include <nlohmann/json.hpp>

#include <thread>

namespace fabric::cli {

namespace {

constexpr duration follow_patience = 20s;
constexpr std::uint32_t follow_limit = 1000;
constexpr auto crowded_pause = std::chrono::seconds{1};

void print(session& s, const std::vector<store::event>& page) {
  for (const auto& e : page) s.screen.line(s.call.json ? json_text(to_json(e)) : event_line(e, s.screen.out()));
  s.screen.flush();
}

} // namespace

exit_code events(session& s) {
  actors::get_events question{s.call.chosen.after, static_cast<std::uint32_t>(s.call.chosen.limit), {}};
  for (;;) {
    auto page = s.insist([&] { return s.cell.events(question); }, [&](const error&) { return s.call.follow; });
    const bool crowded = !page && s.call.follow && page.error().code == errc::limit_reached;
    if (!page && !crowded) return s.failed(page.error());
    if (crowded) {
      std::this_thread::sleep_for(crowded_pause);
      continue;
    }
    print(s, *page);
    if (!s.call.follow) return done;
    if (!page->empty()) question.after = page->back().id;
    question.limit = question.after == 0 ? question.limit : follow_limit;
    question.patience = follow_patience;
  }
}

} // namespace fabric::cli
