#include "actors/system.hpp"

#include <caf/io/middleman.hpp>

namespace fabric::actors {

void configure(caf::actor_system_config& cfg, std::size_t threads) {
  cfg.load<caf::io::middleman>(); // First: its options do not exist before.
  cfg.set("caf.scheduler.policy", "sharing");
  cfg.set("caf.scheduler.max-threads", threads);
  cfg.set("caf.scheduler.max-throughput", std::size_t{50});
  cfg.set("caf.middleman.workers", std::size_t{1});
  cfg.set("caf.middleman.heartbeat-interval", caf::timespan{std::chrono::seconds{1}});
  cfg.set("caf.middleman.connection-timeout", caf::timespan{std::chrono::seconds{6}}); // Never 0: that cuts everybody.
  cfg.set("caf.middleman.enable-automatic-connections", false);
}

} // namespace fabric::actors
