#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/top_text.hpp"

#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

constexpr std::uint32_t actions_shown = 10;
constexpr std::size_t jobs_shown = 20;

} // namespace

exit_code top(session& s) {
  auto lanes = s.insist([&] { return s.cell.lanes(); }, [](const error&) { return false; });
  if (!lanes) return s.failed(lanes.error());
  auto nodes = s.cell.nodes();
  if (!nodes) return s.failed(nodes.error());
  auto actions = s.cell.events({0, actions_shown, {}});
  if (!actions) return s.failed(actions.error());
  const overview now{std::move(*lanes), std::move(*nodes), std::move(*actions)};
  if (s.call.json)
    s.screen.line(json_text(top_json(now)));
  else
    s.screen.write(top_text(now, s.screen.out(), s.screen.width(), jobs_shown));
  return done;
}

} // namespace fabric::cli
