#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/explain_text.hpp"

#include <nlohmann/json.hpp>

namespace fabric::cli {

exit_code explain(session& s) {
  const auto all = s.cell.explain(s.call.ids.front());
  if (!all) return s.failed(all.error());
  if (s.call.json)
    s.screen.line(json_text(to_json(*all)));
  else
    s.screen.write(explain_text(*all, s.screen.out()));
  return done;
}

} // namespace fabric::cli
