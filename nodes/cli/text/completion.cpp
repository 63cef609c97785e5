#include "nodes/cli/text/completion.hpp"

namespace fabric::cli {

namespace {

/// The names of an option as they are typed; none for words by position.
std::string names_of(const CLI::Option& option) {
  std::string out;
  for (const auto& name : option.get_snames()) out += " -" + name;
  for (const auto& name : option.get_lnames()) out += " --" + name;
  return out;
}

/// Options of a command, or of those only that take a value.
std::string options_of(const CLI::App& app, bool with_value_only) {
  std::string out;
  for (const auto* option : app.get_options())
    if (!with_value_only || option->get_items_expected_max() > 0) out += names_of(*option);
  return out;
}

std::string subcommands_of(const CLI::App& app) {
  std::string out;
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) out += " " + sub->get_name();
  return out;
}

/// One branch of a case per command, by its path: what may follow.
void add_branches(const CLI::App& app, const std::string& path, const std::string& global, std::string& out) {
  out += "    '" + path + "') subs='" + subcommands_of(app) + "' opts='" + options_of(app, false) +
         (path.empty() ? "" : global) + "' ;;\n";
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    add_branches(*sub, path + (path.empty() ? "" : " ") + sub->get_name(), global, out);
}

void add_valued(const CLI::App& app, std::string& out) {
  out += options_of(app, true);
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) add_valued(*sub, out);
}

/// Walks over the words before the one at hand: subcommands make the path longer, values of options are left out.
constexpr const char* body = R"(  local cur=${COMP_WORDS[COMP_CWORD]} path='' subs='' opts='' word i skip=''
  _fabric_words "$path"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [ -n "$skip" ]; then skip=''; continue; fi
    case "$valued " in *" $word "*) skip=1; continue ;; esac
    case "$subs " in *" $word "*) path="${path:+$path }$word"; _fabric_words "$path" ;; esac
  done
  COMPREPLY=()
  [ -z "$skip" ] || return 0
  case $cur in
    -*) COMPREPLY=($(compgen -W "$opts" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W "$subs" -- "$cur")) ;;
  esac
}
complete -o default -F _fabric fabric
)";

} // namespace

std::string bash_completion(const CLI::App& app) {
  std::string branches, valued;
  add_branches(app, "", options_of(app, false), branches);
  add_valued(app, valued);
  return "# Completion of fabric's words in bash: source <(fabric completion bash)\n"
         "_fabric_words() {\n  case \"$1\" in\n" +
         branches + "  esac\n}\n_fabric() {\n  local valued='" + valued + "'\n" + body;
}

} // namespace fabric::cli
