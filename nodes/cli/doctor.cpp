#include "nodes/cli/text/doctor.hpp"

#include "fabric/config/load.hpp"
#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/doctor_facts.hpp"
#include "nodes/cli/place.hpp"
#include "nodes/cli/text/table.hpp"

#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

colour colour_of(health h) {
  switch (h) {
  case health::ok: return colour::green;
  case health::warn: return colour::yellow;
  case health::bad: return colour::red;
  }
  return colour::red;
}

std::string table_of(const std::vector<finding>& all, const style& how) {
  table out({{"HEALTH", false, 0}, {"OF", false, 0}, {"FOUND", false, 0}});
  for (const auto& one : all)
    out.add({{std::string(to_string(one.how)), colour_of(one.how)},
             {one.name},
             {one.remedy.empty() ? one.what : one.what + ": " + one.remedy}});
  return out.render(how);
}

} // namespace

/// A configuration with problems is a finding; the rest is looked at with the defaults then.
exit_code doctor(session& s) {
  auto config = config::defaults();
  std::vector<std::string> problems;
  if (!s.call.tool.config.empty()) {
    auto loaded = config::load_file(s.call.tool.config);
    if (loaded)
      config = *std::move(loaded);
    else
      for (const auto& p : loaded.error()) problems.push_back(config::render(p));
  }
  auto facts =
      examine_host(config, s.call.tool.data.empty() ? config.node.data : s.call.tool.data, tls_directory(s, config));
  facts.config_problems = std::move(problems);
  const auto all = judge(facts, config);
  if (s.call.json)
    s.screen.line(json_text(findings_json(all)));
  else
    s.screen.write(table_of(all, s.screen.out()));
  return worst(all) == health::bad ? not_well : done;
}

} // namespace fabric::cli
