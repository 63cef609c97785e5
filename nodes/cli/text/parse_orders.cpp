#include "nodes/cli/text/parse_orders.hpp"

#include "fabric/duration_text.hpp"

#include "nodes/cli/text/parse_words.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

void add_lane(CLI::App& sub, invocation& out) {
  sub.add_option("LANE", out.order.lane, "Name of the lane")->required()->type_name("");
}

void add_node(CLI::App& sub, invocation& out) {
  sub.add_option("NODE", out.on_node.node, "Name of the node (default: the one that answers)")->type_name("");
}

void add_deadline(CLI::App& sub, invocation& out) {
  add_parsed(
      sub, "--deadline", [&out](const std::string& t) { return read_duration(t, out.on_node.deadline); },
      "What runs may take this long to end; then it is handed back (default: the node's drain_timeout)");
}

complaint read_parameter(const std::string& text, std::map<std::string, std::string>& into) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return "\"" + text + "\" is not KEY=VALUE";
  const auto value = text.substr(equals + 1);
  const auto json = nlohmann::json::parse(value, nullptr, false);
  into[text.substr(0, equals)] = json.is_discarded() ? nlohmann::json(value).dump() : json.dump();
  return {};
}

void add_policy(CLI::App& app, invocation& out) {
  auto& policy = *app.add_subcommand("policy", "Which policy places jobs, and which there are");
  policy.require_subcommand(0, 1);
  auto& set = *policy.add_subcommand("set", "Have another policy decide, until the configuration is read again");
  set.add_option("NAME", out.on_node.policy, "Name of the policy")->required()->type_name("");
  set.add_option_function<std::vector<std::string>>(
         "--param",
         [&out](const std::vector<std::string>& all) {
           for (const auto& text : all)
             if (auto wrong = read_parameter(text, out.on_node.params)) throw CLI::ValidationError("--param", *wrong);
         },
         "KEY=VALUE, as often as needed; VALUE is JSON or a string")
      ->expected(1)
      ->take_all();
}

} // namespace

void add_node_orders(CLI::App& app, invocation& out) {
  auto& reload = *app.add_subcommand("reload", "Have the node read its configuration file again, as SIGHUP does");
  reload.add_flag("--dry-run", out.tool.dry_run, "Only say what would change");
  add_policy(app, out);
  auto& drain = *app.add_subcommand("drain", "Have a node take no new work; says what became of its jobs");
  add_node(drain, out);
  add_deadline(drain, out);
  add_node(*app.add_subcommand("undrain", "Have it take work again"), out);
  add_node(*app.add_subcommand("detach", "Have a node leave its jobs to its runner and exit"), out);
}

void add_orders(CLI::App& app, invocation& out) {
  auto& pause = *app.add_subcommand("pause", "Start nothing in a lane for now; what runs goes on");
  add_lane(pause, out);
  pause.add_option("--reason", out.order.reason, "Why, for those who wonder")->required();
  pause.add_option_function<std::string>(
      "--for",
      [&out](const std::string& text) {
        const auto length = parse_duration(text);
        if (!length) throw CLI::ValidationError("--for", length.error().message);
        out.order.length = *length;
      },
      "Until then at most (default: until `fabric resume`)");
  add_lane(*app.add_subcommand("resume", "Start jobs in a paused lane again"), out);
  auto& explain = *app.add_subcommand("explain", "Why a job does not run, and where its time went");
  explain.add_option("ID", out.ids, "Number of the job")
      ->required()
      ->expected(1)
      ->check(CLI::Range(1UL, ~0UL >> 1))
      ->type_name("");
}

} // namespace fabric::cli
