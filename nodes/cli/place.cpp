#include "nodes/cli/place.hpp"

#include "fabric/config/load.hpp"

#include "nodes/cli/text/printable.hpp"

namespace fabric::cli {

std::optional<config::root> config_of(session& s) {
  if (s.call.tool.config.empty()) return config::defaults();
  auto loaded = config::load_file(s.call.tool.config);
  if (loaded) return *std::move(loaded);
  for (const auto& p : loaded.error()) s.screen.notice(printable(config::render(p)));
  return std::nullopt;
}

std::string store_path(const session& s, const config::root& config) {
  return (s.call.tool.data.empty() ? config.node.data : s.call.tool.data) + "/store.db";
}

std::string tls_directory(const session& s, const config::root& config) {
  if (!config.node.tls.empty()) return config.node.tls;
  return (s.call.tool.data.empty() ? config.node.data : s.call.tool.data) + "/tls";
}

} // namespace fabric::cli
