#include "fabric/node/command.hpp"

#include "fabric/config/classes.hpp"
#include "fabric/config/command_template.hpp"

#include <nlohmann/json.hpp>

namespace fabric::node {

namespace {

using environment = std::map<std::string, std::string>;

environment allowed(const environment& base, bool other_user) {
  environment env{{"PATH", std::string(job_path)}};
  for (const char* name : {"LANG", "TZ", "HOME"}) {
    const auto it = base.find(name);
    if (it == base.end() || (other_user && it->first == "HOME")) continue;
    env.insert(*it);
  }
  return env;
}

expected<std::vector<std::string>> fill(const std::vector<std::string>& command, std::string_view input) {
  const auto value = nlohmann::json::parse(input.begin(), input.end(), nullptr, false);
  if (value.is_discarded()) return fail(errc::bad_input, "is not JSON", "/input");
  std::vector<std::string> argv;
  for (const auto& argument : command) {
    auto text = config::fill_template(argument, value);
    if (!text) return tl::unexpected(text.error());
    argv.push_back(std::move(*text));
  }
  if (argv.empty()) return fail(errc::bad_input, "the class has no command on this node");
  return argv;
}

attempt_limits limits_of(const config::class_limits& l) {
  attempt_limits out;
  out.memory = l.memory.value_or(0);
  out.cpu_us = l.cpu.value_or(duration{0}).count();
  out.processes = l.processes.value_or(0);
  out.files = l.files.value_or(0);
  out.file_size = l.file_size.value_or(0);
  out.address_space = l.address_space.value_or(0);
  return out;
}

} // namespace

expected<command_line> render(const config::job_class& how, std::string_view class_name, std::string_view input,
                              const environment& base) {
  command_line line;
  auto env = allowed(base, !how.user.empty());
  for (const auto& [name, value] : how.env) env[name] = value;
  line.cwd = how.cwd;
  line.user = how.user;
  if (how.limits.wall) line.wall = *how.limits.wall;
  line.stall = how.limits.stall_timeout.value_or(duration{0});
  line.output_max = how.limits.output;
  line.limits = limits_of(how.limits);
  if (class_name == config::ad_hoc_class) {
    auto command = config::parse_ad_hoc(input);
    if (!command) return tl::unexpected(command.error());
    line.argv = std::move(command->argv);
    if (!command->cwd.empty()) line.cwd = command->cwd;
    for (const auto& [name, value] : command->env) env[name] = value;
  } else {
    auto argv = fill(how.command, input);
    if (!argv) return tl::unexpected(argv.error());
    line.argv = std::move(*argv);
  }
  line.env.assign(env.begin(), env.end());
  return line;
}

} // namespace fabric::node
