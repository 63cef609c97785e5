#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/printable.hpp"

#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

exit_code confirm(session& s, const expected<void>& done_, const char* what) {
  if (!done_) return s.failed(done_.error());
  const auto& lane = s.call.order.lane;
  s.screen.line(s.call.json ? json_text({{"lane", lane}, {"ok", true}}) : "lane " + printable(lane) + " is " + what);
  return done;
}

} // namespace

exit_code pause(session& s) {
  const auto& o = s.call.order;
  return confirm(s, s.cell.pause({o.lane, o.reason, o.length}), "paused");
}

exit_code resume(session& s) { return confirm(s, s.cell.resume(s.call.order.lane), "resumed"); }

} // namespace fabric::cli
