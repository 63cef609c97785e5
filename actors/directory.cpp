#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/supervisor.hpp"

#include <map>

namespace fabric::actors {

namespace {

class directory_shell : public directory_actor::base {
public:
  explicit directory_shell(caf::actor_config& cfg) : directory_actor::base(cfg) { harden(this); }

  const char* name() const override { return "fabric.directory"; }

  void on_exit() override { entries_.clear(); }

  behavior_type make_behavior() override {
    return {
        [this](directory_entry& m) { set(m); },
        [this](find_actor& m) { return find(m.name); },
    };
  }

private:
  /// The one cast where handles come in. Those that take no directory entries drop them (see harden).
  void set(const directory_entry& m) {
    if (!m.actor) return forget(m);
    entries_[m.name] = m;
    if (!m.is_elsewhere) introduce(caf::actor_cast<directory_client_actor>(m.actor));
    tell_others(m);
  }

  /// A child that is down comes back, and who talks to it waits; a node may not.
  void forget(const directory_entry& m) {
    const auto known = entries_.find(m.name);
    if (known == entries_.end() || known->second.is_elsewhere != m.is_elsewhere) return; // It has moved.
    entries_.erase(known);
    if (m.name.starts_with("node/")) tell_others(m);
  }

  void introduce(const directory_client_actor& to) {
    for (const auto& [name, entry] : entries_) tell(this, to, entry);
  }

  /// Those of other nodes have a directory of their own, and this message cannot travel.
  void tell_others(const directory_entry& m) {
    for (const auto& [name, entry] : entries_)
      if (name != m.name && !entry.is_elsewhere) tell(this, caf::actor_cast<directory_client_actor>(entry.actor), m);
  }

  directory_entry find(const std::string& name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? directory_entry{name, nullptr} : found->second;
  }

  std::map<std::string, directory_entry> entries_;
};

} // namespace

directory_actor spawn_directory(caf::actor_system& sys) { return sys.spawn<directory_shell>(); }

} // namespace fabric::actors
