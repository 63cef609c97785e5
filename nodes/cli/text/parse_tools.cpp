#include "nodes/cli/text/parse_tools.hpp"

#include "nodes/cli/text/parse_words.hpp"

#include <algorithm>

namespace fabric::cli {

void add_place(CLI::App& sub, tool_options& tool) {
  sub.add_option("--config", tool.config, "The node's configuration, which names its data directory");
  sub.add_option("--data", tool.data, "The node's data directory (default: the configuration's)");
}

namespace {

void add_store(CLI::App& app, tool_options& tool, std::string& path) {
  auto& store = *app.add_subcommand("store", "Look after a node's store, whether fabricd runs or not");
  store.require_subcommand(1);
  auto& backup = *store.add_subcommand("backup", "Copy the store as it is now into a new file");
  backup.add_option("FILE", path, "The copy; it must not exist")->required();
  add_place(backup, tool);
  auto& check =
      *store.add_subcommand("check", "Name everything that is wrong in the store; exit code 1 if anything is");
  check.add_flag("--quick", tool.quick, "Do not compare the indexes with their tables");
  add_place(check, tool);
  add_place(*store.add_subcommand("info", "Sizes, counts, versions and high-water marks"), tool);
}

} // namespace

void add_tools(CLI::App& app, invocation& into) {
  add_store(app, into.tool, into.path);
  auto& doctor = *app.add_subcommand("doctor", "Look for what keeps a node of this host from running well; exit code 1 "
                                               "if anything is bad");
  add_place(doctor, into.tool);
  auto& top = *app.add_subcommand("top", "What the fabric is doing: lanes, running jobs, what waits, what was done");
  top.add_flag("--once", into.tool.once, "Print it once and end")->required();
  auto& completion = *app.add_subcommand("completion", "Print a shell's script for completing words: for example "
                                                       "source <(fabric completion bash)");
  completion.add_option("SHELL", into.tool.shell, "bash")->required()->check(CLI::IsMember({"bash"}));
}

void add_config_show(CLI::App& config, invocation& into) {
  auto& show = *config.add_subcommand("show", "Every option as it is in force, and what the file says of it");
  auto* file = show.add_option("FILE", into.path, "A configuration (default: what the running node works by)");
  show.add_flag("--defaults", into.tool.defaults, "What is built in")->excludes(file);
}

void add_bulk(CLI::App& sub, invocation& into) {
  add_parsed(
      sub, "--state", [&into](const std::string& t) { return read_states(t, into.chosen.states); },
      "All jobs in these states, separated by commas");
  sub.add_option("--class", into.chosen.job_class, "All jobs of this class");
  sub.add_option("--lane", into.chosen.lane, "All jobs in this lane");
  sub.add_option("--error", into.tool.error, "All jobs whose reason has this text in it");
  sub.add_flag("--dry-run", into.tool.dry_run, "Only say which they are");
  sub.add_flag("--yes", into.tool.yes, "Do not ask");
}

std::string check_tools(invocation& what) {
  if (what.command != "cancel" && what.command != "kick") return {};
  const auto& chosen = what.chosen;
  what.tool.bulk =
      !chosen.states.empty() || !chosen.job_class.empty() || !chosen.lane.empty() || !what.tool.error.empty();
  if (what.tool.bulk != what.ids.empty())
    return what.command + " needs either job numbers or --state, --class, --lane or --error";
  if (what.tool.dry_run && !what.tool.bulk) return "--dry-run only goes with --state, --class, --lane or --error";
  const auto kicks = what.command == "kick";
  if (kicks && !std::ranges::all_of(chosen.states, [](job_state s) { return s == job_state::buried; }))
    return "only buried jobs can be kicked: --state buried, or none";
  if (!kicks && std::ranges::any_of(chosen.states, is_final)) return "jobs that have ended cannot be cancelled";
  return {};
}

bool is_local_tool(const invocation& what) {
  const bool reads_config = what.command == "config show" && (what.tool.defaults || !what.path.empty());
  return what.command.starts_with("store ") || what.command.starts_with("ca ") || what.command == "doctor" ||
         what.command == "completion" || reads_config;
}

} // namespace fabric::cli
