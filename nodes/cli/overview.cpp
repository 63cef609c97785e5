#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/printable.hpp"
#include "nodes/cli/text/report_json.hpp"
#include "nodes/cli/text/report_text.hpp"

#include <nlohmann/json.hpp>

namespace fabric::cli {

exit_code lanes(session& s) {
  const auto all = s.cell.lanes();
  if (!all) return s.failed(all.error());
  if (s.call.json) {
    s.screen.line(json_text(to_json(*all)));
    return done;
  }
  s.screen.line("policy " + printable(all->policy));
  s.screen.write(lane_table(*all).render(s.screen.out(), s.screen.width()));
  s.screen.write(pause_lines(*all));
  s.screen.write(waste_text(*all));
  return done;
}

exit_code nodes(session& s) {
  const auto all = s.cell.nodes();
  if (!all) return s.failed(all.error());
  if (s.call.json) {
    s.screen.line(json_text(to_json(*all)));
    return done;
  }
  s.screen.write(node_table(*all).render(s.screen.out(), s.screen.width()));
  s.screen.write(node_notes(*all));
  return done;
}

} // namespace fabric::cli
