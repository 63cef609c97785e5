#include "nodes/fabricd/program.hpp"

#include "fabric/config/load.hpp"
#include "fabric/config/rules.hpp"
#include "fabric/exec/descriptors.hpp"

#include "nodes/fabricd/node.hpp"
#include "nodes/fabricd/options.hpp"
#include "nodes/log/log.hpp"

#include <spdlog/spdlog.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>

namespace fabric {

namespace {

constexpr int exit_usage = 2;

/// The host's name, cut at the first dot.
std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  const std::string whole = name;
  return whole.substr(0, whole.find('.'));
}

int complain(const std::string& text) {
  std::fprintf(stderr, "fabricd: %s\n", text.c_str());
  return exit_usage;
}

/// Once the configuration says what the log is to look like.
int refuse(const config::root& config, const std::string& text) {
  nodes::make_log(config.log)->critical("{}", text);
  return exit_usage;
}

} // namespace

int node_program(int argc, char** argv, handler_registry more) {
  int exit_code = 0;
  const auto options = nodes::parse_options(argc, argv, exit_code);
  if (!options) return exit_code;

  std::vector<config::setting> settings;
  for (const auto& text : options->set) {
    auto setting = config::parse_setting(text);
    if (!setting) return complain("--set " + text + ": " + render(setting.error()));
    settings.push_back(std::move(*setting));
  }
  const auto read = [how = *options, settings] {
    return config::load_whole_file(how.config, settings).map([&](config::loaded&& config) {
      if (config.all.node.name.empty()) config.all.node.name = host_name();
      if (how.data) config.all.node.data = *how.data;
      return std::move(config);
    });
  };
  auto loaded = read();
  if (!loaded) return complain("the configuration has problems:\n" + config::render(loaded.error()));
  const auto* config = &loaded->all;
  if (const auto wrong = config::rules::data_directory(std::filesystem::absolute(config->node.data)); !wrong.empty())
    return complain("the data directory " + wrong);
  if (geteuid() == 0 && !config->node.allow_root)
    return refuse(*config, "refusing to run as root: whatever a class runs would be root too; use an account of its "
                           "own, or set /node/allow_root to true");
  more.merge(built_in_handlers());
  exec::use_all_descriptors();
  return nodes::run_node(*options, read, std::move(*loaded), std::move(more));
}

} // namespace fabric
