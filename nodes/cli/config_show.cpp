#include "fabric/config/dump.hpp"
#include "fabric/config/load.hpp"
#include "fabric/config/show.hpp"
#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/printable.hpp"

#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

exit_code show_loaded(session& s, const config::loaded& what) {
  if (s.call.json)
    s.screen.line(json_text(
        {{"config", nlohmann::json::parse(config::dump(what.all))}, {"set", config::values_set(what.all, what.from)}}));
  else
    s.screen.write(s.screen.shown(config::show(what.all, what.from)));
  return done;
}

exit_code show_running(session& s) {
  const auto found = s.cell.config();
  if (!found) return s.failed(found.error());
  if (s.call.json)
    s.screen.line(
        json_text({{"config", nlohmann::json::parse(found->text, nullptr, true, true)}, {"file", found->file}}));
  else
    s.screen.write("// from " + printable(found->file) + "\n" + s.screen.shown(found->text));
  return done;
}

} // namespace

exit_code config_show(session& s) {
  if (s.call.tool.defaults) return show_loaded(s, {config::defaults(), {}});
  if (s.call.path.empty()) return show_running(s);
  const auto loaded = config::load_whole_file(s.call.path);
  if (loaded) return show_loaded(s, *loaded);
  for (const auto& p : loaded.error()) s.screen.notice(printable(config::render(p)));
  return usage;
}

} // namespace fabric::cli
