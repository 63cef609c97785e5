#pragma once

#include "tests/actors/world.hpp"

#include <map>
#include <string>
#include <vector>

namespace fabric::actors::testing {

/// A node that joins the cell of a world: all its actors, in the same virtual time. To be destroyed before the world.
class guest {
public:
  /// A configuration for it: classes as in the world, other lanes than those of the cell.
  static config::root named(const std::string& name);

  guest(world& cell, config::root config, std::uint64_t boot = 11, const std::string& data = "/nowhere");
  ~guest();
  guest(const guest&) = delete;
  guest& operator=(const guest&) = delete;

  template <class Handle> Handle find(const std::string& name) const {
    return caf::actor_cast<Handle>(newest_.at(name));
  }
  bool has(const std::string& name) const { return newest_.contains(name); }
  void kill(const std::string& name); ///< As a crash would. Then `run`.
  void cut_off();                     ///< The connection breaks, and there is none until `mend`. Then `run`.
  void mend() { reachable = true; }
  void drain(duration patience); ///< As fabricd does on SIGTERM. Then `run`.

  bool reachable = true;
  std::vector<std::string> dialed; ///< Every try.
  int joined = 0;                  ///< How often it was welcome.
  int detached = 0;
  std::map<std::string, std::vector<node::fate>> drained; ///< By worker.
  scripted_runner process;
  scripted_handlers threads;
  std::shared_ptr<live_config> live;
  tl::expected<config::loaded, config::problems> file; ///< What its configuration file says.

private:
  nodes::outside outside_world();
  std::vector<child_spec> counted(std::vector<child_spec> table);

  world& cell_;
  directory_actor directory_;
  supervisor_actor supervisor_;
  std::map<std::string, caf::strong_actor_ptr> newest_;
};

} // namespace fabric::actors::testing
