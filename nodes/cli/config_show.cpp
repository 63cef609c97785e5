#include "fabric/config/dump.hpp"
#include "fabric/config/load.hpp"
#include "fabric/config/show.hpp"
#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/printable.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

namespace fabric::cli {

exit_code config_show(session& s) {
  auto all = config::defaults();
  config::document from;
  if (!s.call.path.empty()) {
    auto loaded = config::load_file(s.call.path);
    if (!loaded) {
      for (const auto& p : loaded.error()) s.screen.notice(printable(config::render(p)));
      return usage;
    }
    all = *std::move(loaded);
    std::ostringstream text;
    text << std::ifstream(s.call.path).rdbuf();
    if (auto read = config::parse_document(text.str(), s.call.path)) from = *std::move(read);
  }
  if (s.call.json)
    s.screen.line(
        json_text({{"config", nlohmann::json::parse(config::dump(all))}, {"set", config::values_set(all, from)}}));
  else
    s.screen.write(s.screen.shown(config::show(all, from)));
  return done;
}

} // namespace fabric::cli
