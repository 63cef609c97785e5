#include "fabric/config/load.hpp"
#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/text/printable.hpp"

#include <nlohmann/json.hpp>

namespace fabric::cli {

exit_code config_check(session& s) {
  const auto loaded = config::load_file(s.call.path);
  if (s.call.json) {
    nlohmann::json problems = nlohmann::json::array();
    if (!loaded)
      for (const auto& p : loaded.error())
        problems.push_back({{"file", p.file}, {"line", p.line}, {"pointer", p.pointer}, {"message", p.message}});
    s.screen.line(json_text({{"file", s.call.path}, {"ok", loaded.has_value()}, {"problems", std::move(problems)}}));
  } else if (loaded) {
    s.screen.line(printable(s.call.path) + ": ok");
  } else {
    for (const auto& p : loaded.error()) s.screen.write(printable(config::render(p)) + "\n", true);
  }
  return loaded ? done : usage;
}

} // namespace fabric::cli
