#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/node_text.hpp"
#include "nodes/cli/text/printable.hpp"

#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

exit_code tell_change(session& s, const expected<actors::change_receipt>& said) {
  if (!said) return s.failed(said.error());
  if (s.call.json)
    s.screen.line(json_text(to_json(*said)));
  else if (!said->failure)
    s.screen.write(change_text(*said, s.call.tool.dry_run));
  if (!said->failure) return done;
  for (const auto& p : said->problems) s.screen.notice(printable(p));
  s.screen.notice(printable(render(*said->failure)));
  return exit_code_for(said->failure->code);
}

exit_code confirm(session& s, const expected<void>& done_, const std::string& text) {
  if (!done_) return s.failed(done_.error());
  s.screen.line(s.call.json ? json_text({{"ok", true}}) : text);
  return done;
}

std::string node_of(const session& s) {
  const auto& name = s.call.on_node.node;
  return name.empty() ? "the node" : "node " + printable(name);
}

} // namespace

exit_code reload(session& s) { return tell_change(s, s.cell.reload(s.call.tool.dry_run)); }

exit_code policy(session& s) {
  const auto found = s.cell.config();
  if (!found) return s.failed(found.error());
  if (s.call.json)
    s.screen.line(json_text({{"policy", found->policy}, {"policies", found->policies}}));
  else
    s.screen.write(policy_text(*found));
  return done;
}

exit_code policy_set(session& s) {
  return tell_change(s, s.cell.set_policy({s.call.on_node.policy, s.call.on_node.params}));
}

exit_code drain(session& s) {
  const auto said = s.cell.drain({s.call.on_node.node, s.call.on_node.deadline});
  if (!said) return s.failed(said.error());
  if (s.call.json)
    s.screen.line(json_text(to_json(*said)));
  else if (!said->node.empty())
    s.screen.write(drain_text(*said));
  if (!said->failure) return done;
  s.screen.notice(printable(render(*said->failure)));
  return exit_code_for(said->failure->code);
}

exit_code undrain(session& s) { return confirm(s, s.cell.undrain(s.call.on_node.node), node_of(s) + " takes work"); }

exit_code detach(session& s) {
  return confirm(s, s.cell.detach(s.call.on_node.node),
                 node_of(s) + " detaches: its jobs run on, and the next fabricd there takes them over");
}

} // namespace fabric::cli
