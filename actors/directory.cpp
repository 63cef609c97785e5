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
    if (!m.actor) {
      entries_.erase(m.name);
      return;
    }
    entries_[m.name] = m.actor;
    const auto fresh = caf::actor_cast<directory_client_actor>(m.actor);
    introduce(fresh);
    for (const auto& [name, actor] : entries_)
      if (name != m.name) tell(this, caf::actor_cast<directory_client_actor>(actor), m);
  }

  void introduce(const directory_client_actor& to) {
    for (const auto& [name, actor] : entries_) tell(this, to, directory_entry{name, actor});
  }

  directory_entry find(const std::string& name) const {
    const auto found = entries_.find(name);
    return {name, found == entries_.end() ? nullptr : found->second};
  }

  std::map<std::string, caf::strong_actor_ptr> entries_;
};

} // namespace

directory_actor spawn_directory(caf::actor_system& sys) { return sys.spawn<directory_shell>(); }

} // namespace fabric::actors
