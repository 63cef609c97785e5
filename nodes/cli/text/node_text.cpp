#include "nodes/cli/text/node_text.hpp"

#include "nodes/cli/text/printable.hpp"
#include "nodes/cli/text/report_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace fabric::cli {

std::string change_text(const actors::change_receipt& what, bool dry_run) {
  if (what.changes.empty()) return "nothing changes\n";
  std::string out;
  for (const auto& line : what.changes) out += printable(line) + "\n";
  return out + (dry_run ? "would be in force\n" : "is in force\n");
}

nlohmann::json to_json(const actors::change_receipt& what) {
  nlohmann::json all{{"changes", what.changes}, {"problems", what.problems}, {"error", nullptr}};
  if (what.failure) all["error"] = to_json(*what.failure);
  return all;
}

std::string policy_text(const actors::config_text& what) {
  std::string out;
  for (const auto& name : what.policies) out += (name == what.policy ? "* " : "  ") + printable(name) + "\n";
  return out;
}

std::string drain_text(const actors::drain_report& what) {
  std::string out;
  for (const auto& f : what.fates) out += fmt::format("job {} attempt {}: {}\n", f.job, f.attempt, printable(f.what));
  const auto left = std::count_if(what.fates.begin(), what.fates.end(), [](const auto& f) { return f.left; });
  const auto node = "node " + printable(what.node);
  if (left > 0) return out + fmt::format("{} is drained, but for {} attempts\n", node, left);
  return out + node + " is drained: it holds nothing and takes no work until `fabric undrain`\n";
}

nlohmann::json to_json(const actors::drain_report& what) {
  nlohmann::json all{{"node", what.node}, {"attempts", nlohmann::json::array()}, {"error", nullptr}};
  for (const auto& f : what.fates)
    all["attempts"].push_back({{"job", f.job}, {"attempt", f.attempt}, {"what", f.what}, {"left", f.left}});
  if (what.failure) all["error"] = to_json(*what.failure);
  return all;
}

} // namespace fabric::cli
