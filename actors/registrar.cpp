#include "actors/registrar.hpp"

#include "fabric/config/cell_terms.hpp"
#include "fabric/scheduler/lane_homes.hpp"

#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/system.hpp"

#include <spdlog/spdlog.h>

#include <map>
#include <set>
#include <utility>

namespace fabric::actors {

namespace {

constexpr duration identity_limit = std::chrono::seconds{2};

class registrar_shell : public registrar_actor::base {
public:
  registrar_shell(caf::actor_config& cfg, environment_ptr env, directory_actor directory, config::root config,
                  std::uint64_t boot)
      : registrar_actor::base(cfg), env_(std::move(env)), directory_(std::move(directory)), config_(config),
        terms_(config::cell_terms(config)), machine_(own_card(config, boot), config), watcher_(this) {
    harden(this);
  }

  const char* name() const override { return "fabric.registrar"; }

  /// Nodes say hello again when they see this end; who takes its place has to be told of each anew.
  void on_exit() override {
    for (const auto& [node, one] : links_) tell_anon(directory_, directory_entry{"node/" + node, nullptr, true});
    links_.clear();
    names_.clear();
    homes_.clear();
    directory_ = nullptr;
    membership_ = nullptr;
  }

  behavior_type make_behavior() override {
    return {
        [this](node_hello& m) { return identify(std::move(m)); },
        [this](lane_hosted& m) { on_hosted(m); },
        [this](config_news& m) { return reconfigure(*m.now); },
        [this](pruned_jobs& m) { tell_all(m); },
        [this](get_registered) { return registered_nodes{machine_.report()}; },
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  struct node_link {
    std::uint64_t boot = 0;
    std::uint64_t session = 0;
    uplink_actor uplink;
  };

  static scheduler::node_card own_card(const config::root& config, std::uint64_t boot) {
    scheduler::node_card card;
    card.build = card_of_build();
    card.name = config.node.name;
    card.boot = boot;
    card.labels = config.node.labels;
    return card;
  }

  /// Whom the certificate of the other end of the connection names. In this process there is none to ask for.
  caf::result<node_welcome> identify(node_hello m) {
    const auto from = m.uplink ? m.uplink.node() : caf::node_id{};
    if (from == system().node()) return admit(m, "node " + m.card.name);
    auto promise = make_response_promise<node_welcome>();
    ask(this, dialer(system()), identity_limit, caf::get_atom_v, from)
        .then([this, promise, m](const caf::node_id&, const std::string& shown,
                                 std::uint16_t) mutable { promise.deliver(admit(m, shown)); },
              [this, promise, m](caf::error&) mutable { promise.deliver(admit(m, "nobody")); });
    return promise;
  }

  node_welcome admit(node_hello& m, const std::string& shown) {
    const auto& card = m.card;
    if (auto ok = machine_.admit(card, shown); !ok) {
      env_->log->warn("registrar: node {} was refused: {}", card.name, render(ok.error()));
      return {ok.error()};
    }
    env_->log->info("registrar: node {} joined (session {}), {} attempts held", card.name, card.session,
                    card.held.size());
    auto& known = links_[card.name];
    const bool is_new = known.uplink != m.uplink;
    known = {card.boot, card.session, m.uplink};
    if (is_new) {
      watcher_.watch(caf::actor_cast<caf::strong_actor_ptr>(m.uplink),
                     [this, name = card.name, uplink = m.uplink](const caf::error&) { on_gone(name, uplink); });
      introduce(card.name);
    }
    tell(this, directory_,
         directory_entry{"node/" + card.name, caf::actor_cast<caf::strong_actor_ptr>(m.steward), true});
    node_welcome reply{{}, terms_, {}, {}};
    for (const auto& [name, actor] : names_) reply.names.push_back({name, actor});
    settle_lanes();
    reply.lanes = lanes_of(card.name);
    return reply;
  }

  /// Two joined nodes speak through this one. CAF learns such a way from the first handle or message that comes along
  /// it, and forgets it when the connection breaks, but not the handle: of a handle that it knows it learns nothing. So
  /// each gets a message in the other's name.
  void introduce(const std::string& fresh) {
    const auto& uplink = links_.at(fresh).uplink;
    for (const auto& [node, other] : links_) {
      if (node == fresh) continue;
      tell_in_name_of(uplink, other.uplink, cell_names{});
      tell_in_name_of(other.uplink, uplink, cell_names{});
    }
  }

  // -- lanes that live elsewhere
  // -----------------------------------------------------------------------------------------------------------

  /// Everybody whose lanes are others now is told.
  void settle_lanes() {
    auto next = scheduler::lane_homes(config_, machine_.linked(), homes_);
    const auto moves = scheduler::lane_moves(homes_, next);
    homes_ = std::move(next);
    std::set<std::string> touched;
    for (const auto& m : moves) {
      env_->log->info("registrar: lane {} lives {}{}", m.lane, m.to.empty() ? "on no other node" : "on ", m.to);
      touched.insert({m.from, m.to});
    }
    for (const auto& node : touched)
      if (const auto known = links_.find(node); known != links_.end())
        tell(this, known->second.uplink, host_lanes{lanes_of(node)});
  }

  std::vector<std::string> lanes_of(const std::string& node) const {
    std::vector<std::string> lanes;
    for (const auto& [lane, home] : homes_)
      if (home == node) lanes.push_back(lane);
    return lanes;
  }

  /// One that was moved in the meantime is no longer the lane.
  void on_hosted(const lane_hosted& m) {
    const auto home = homes_.find(m.lane);
    if (home == homes_.end() || home->second != m.node) return;
    tell(this, directory_, directory_entry{"lane/" + m.lane, m.actor, true});
  }

  // -- nodes that go
  // -----------------------------------------------------------------------------------------------------------

  /// The lanes hear at once that it cannot start anything; what it holds keeps its leases.
  void on_gone(const std::string& node, const uplink_actor& uplink) {
    const auto known = links_.find(node);
    if (known == links_.end() || known->second.uplink != uplink) return;
    const auto was = known->second;
    links_.erase(known);
    if (!machine_.gone(node, was.boot, was.session)) return;
    env_->log->warn("registrar: the connection to node {} broke", node);
    tell(this, directory_, directory_entry{"node/" + node, nullptr, true});
    tell(this, membership_, lease_news{{scheduler::node_unlinked{node, was.boot}}});
    settle_lanes();
  }

  bool reconfigure(const config::root& now) {
    machine_.reconfigured(now);
    config_ = now;
    if (auto text = config::cell_terms(now); std::exchange(terms_, text) != text) tell_all(cell_terms{text});
    settle_lanes();
    return true;
  }

  template <class Message> void tell_all(const Message& what) {
    for (const auto& [node, one] : links_) tell(this, one.uplink, what);
  }

  void meet(const directory_entry& m) {
    if (m.name == "membership") membership_ = caf::actor_cast<membership_actor>(m.actor);
    // It is told of names as "steward" already.
    if (m.name == "steward") tell(this, directory_, directory_entry{"node/" + config_.node.name, m.actor, true});
    const bool is_for_nodes = m.name == "membership" || m.name == "store" || m.name == "store_reader" ||
                              m.name == "spool_reader" || m.name == "scheduler" || m.name.starts_with("lane/");
    if (!is_for_nodes) return;
    names_[m.name] = m.actor;
    tell_all(cell_names{{{m.name, m.actor}}});
  }

  environment_ptr env_;
  directory_actor directory_;
  config::root config_;
  std::string terms_;
  scheduler::registrar machine_;
  watcher<registrar_shell> watcher_;
  membership_actor membership_;
  std::map<std::string, caf::strong_actor_ptr> names_; ///< What nodes need to know.
  std::map<std::string, std::string> homes_;           ///< Of the lanes that live on other nodes.
  std::map<std::string, node_link> links_;             ///< By node.
};

} // namespace

registrar_actor spawn_registrar(caf::actor_system& sys, environment_ptr env, directory_actor directory,
                                config::root config, std::uint64_t boot) {
  return sys.spawn<registrar_shell>(std::move(env), std::move(directory), std::move(config), boot);
}

} // namespace fabric::actors
