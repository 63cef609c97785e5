#include "fabric/config/classes.hpp"

#include "fabric/config/command_template.hpp"
#include "fabric/config/rules.hpp"

#include <nlohmann/json.hpp>

namespace fabric::config {

namespace {

using nlohmann::json;

/// The string at `where`, if it obeys the rule.
expected<std::string> text_at(const json& value, const std::string& where, text_rule rule) {
  if (!value.is_string()) return fail(errc::bad_input, "must be a string", where);
  const auto& text = value.get_ref<const std::string&>();
  if (auto wrong = rule(text); !wrong.empty()) return fail(errc::bad_input, std::move(wrong), where);
  if (text.size() > argument_bytes)
    return fail(errc::too_large, "longer than " + std::to_string(argument_bytes) + " bytes (argument_bytes)", where);
  return text;
}

expected<std::vector<std::string>> argv_of(const json& value) {
  if (!value.is_array() || value.empty())
    return fail(errc::bad_input, "must be an array of strings, the program first", "/input/argv");
  std::vector<std::string> argv;
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto text = text_at(value[i], "/input/argv/" + std::to_string(i), i == 0 ? rules::absolute_path : rules::no_nul);
    if (!text) return tl::unexpected(text.error());
    argv.push_back(std::move(*text));
  }
  return argv;
}

expected<std::map<std::string, std::string>> env_of(const json& value) {
  if (!value.is_object()) return fail(errc::bad_input, "must be an object of strings", "/input/env");
  std::map<std::string, std::string> env;
  for (const auto& [name, one] : value.items()) {
    if (auto wrong = rules::variable_name(name); !wrong.empty()) return fail(errc::bad_input, wrong, "/input/env");
    auto text = text_at(one, "/input/env/" + name, rules::no_nul);
    if (!text) return tl::unexpected(text.error());
    env.emplace(name, std::move(*text));
  }
  return env;
}

} // namespace

bool has_users(const root& all) {
  return std::any_of(all.classes.begin(), all.classes.end(), [](const auto& c) { return !c.second.user.empty(); });
}

const job_class* find_class(const root& all, std::string_view name) {
  static const job_class built_in = [] {
    job_class one;
    one.max_attempts = 1;
    return one;
  }();
  if (name == ad_hoc_class) return all.allow_ad_hoc ? &built_in : nullptr;
  const auto it = all.classes.find(std::string(name));
  return it == all.classes.end() ? nullptr : &it->second;
}

expected<ad_hoc_command> parse_ad_hoc(std::string_view input) {
  const auto value = json::parse(input.begin(), input.end(), nullptr, false);
  if (!value.is_object() || !value.contains("argv"))
    return fail(errc::bad_input, R"(must be {"argv": ["/abs/program", …], "cwd": "/abs", "env": {…}})", "/input");
  ad_hoc_command command;
  for (const auto& [key, one] : value.items()) {
    if (key == "argv") {
      auto argv = argv_of(one);
      if (!argv) return tl::unexpected(argv.error());
      command.argv = std::move(*argv);
    } else if (key == "cwd") {
      auto cwd = text_at(one, "/input/cwd", rules::absolute_path_or_empty);
      if (!cwd) return tl::unexpected(cwd.error());
      command.cwd = std::move(*cwd);
    } else if (key == "env") {
      auto env = env_of(one);
      if (!env) return tl::unexpected(env.error());
      command.env = std::move(*env);
    } else {
      return fail(errc::bad_input, R"(unknown key; known here: "argv", "cwd", "env")", "/input/" + key);
    }
  }
  return command;
}

} // namespace fabric::config
