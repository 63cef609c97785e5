#include "actors/membership.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/overloaded.hpp"

#include <spdlog/spdlog.h>

#include <map>

namespace fabric::actors {

namespace {

class membership_shell : public membership_actor::base {
public:
  membership_shell(caf::actor_config& cfg, environment_ptr env, scheduler::lease_settings how)
      : membership_actor::base(cfg), env_(std::move(env)), machine_(how),
        alarm_(this, env_, [this] { step({scheduler::membership_tick{}}); }) {
    harden(this);
  }

  const char* name() const override { return "fabric.membership"; }

  void on_exit() override {
    alarm_.stop();
    store_ = nullptr;
    lanes_.clear();
    links_.clear();
    outage_.clear();
  }

  behavior_type make_behavior() override {
    return {
        [this](renew_leases& m) { on_renewal(m); },      [this](lease_news& m) { step(std::move(m.items)); },
        [this](store_commit& m) { on_commit(m); },       [](lane_loaded&) {},
        [this](prepare_outage m) { return prepare(m); }, [this](get_nodes) { return report(); },
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  struct asked_extension {
    fence_t fence;
    duration length;
  };

  void on_renewal(renew_leases& m) {
    links_[{m.what.node, m.what.holder}] = m.from;
    step({std::move(m.what)});
  }

  void on_commit(store_commit& m) {
    std::vector<scheduler::membership_event> events;
    for (const auto& a : m.answers) {
      const auto asked = asked_.find(a.ticket);
      if (asked == asked_.end()) continue; // A note.
      events.emplace_back(scheduler::lease_extended{asked->second.fence, asked->second.length, !a.reply.failure});
      asked_.erase(asked);
    }
    step(std::move(events));
    if (asked_.empty()) answer_outage();
  }

  caf::result<bool> prepare(prepare_outage m) {
    auto promise = make_response_promise<bool>();
    outage_.push_back(promise);
    step({scheduler::grant_all{m.length}});
    if (asked_.empty()) answer_outage();
    return promise;
  }

  void answer_outage() {
    for (auto& p : outage_) p.deliver(true);
    outage_.clear();
  }

  void step(std::vector<scheduler::membership_event> events) {
    std::vector<store_ask> asks;
    std::map<std::string, lease_verdict> verdicts;
    for (const auto& e : events)
      for (const auto& todo : machine_.handle(e, env_->now())) perform(todo, asks, verdicts);
    if (!asks.empty()) tell(this, store_, store_operations{store_client_actor{this}, std::move(asks)});
    for (auto& [lane, verdict] : verdicts)
      if (const auto to = lanes_.find(lane); to != lanes_.end()) tell(this, to->second, std::move(verdict));
    alarm_.arm(machine_.wake_at());
  }

  void perform(const scheduler::membership_effect& todo, std::vector<store_ask>& asks,
               std::map<std::string, lease_verdict>& verdicts) {
    std::visit(overloaded{
                   [&](const scheduler::leases_granted& e) {
                     tell(this, links_[{e.node, e.holder}], leases_renewed{e});
                   },
                   [&](const scheduler::extend_lease& e) {
                     asked_[++ticket_] = {e.fence, e.length};
                     asks.push_back({ticket_, store::extend{e.id, e.fence, e.length}});
                   },
                   [&](const scheduler::lease_ended& e) {
                     verdicts[e.lane].items.emplace_back(lane::lease_over{e.fence});
                     env_->log->warn("membership: the lease {} in lane {} ended without renewal", e.fence, e.lane);
                   },
                   [&](const scheduler::node_lost& e) {
                     for (const auto& [lane, handle] : lanes_)
                       verdicts[lane].items.emplace_back(lane::node_gone{e.node, e.boot});
                     note(asks, "node_lost", e.node,
                          e.silent ? "the node is silent; its attempts wait for the end of their leases"
                                   : "the connection to the node broke; its attempts wait for the end of their leases");
                   },
                   [&](const scheduler::node_joined& e) { note(asks, "node_joined", e.node, "the node said hello"); },
               },
               todo);
  }

  void note(std::vector<store_ask>& asks, const char* kind, const std::string& node, const char* text) {
    env_->log->info("membership: node {}: {}", node, text);
    asks.push_back({++ticket_, store::note{.kind = kind, .lane = {}, .node = node, .id = 0, .text = text}});
  }

  node_reports report() const {
    node_reports all;
    for (auto& n : machine_.report(env_->now())) all.nodes.push_back({n, {}});
    return all;
  }

  void meet(const directory_entry& m) {
    if (m.name == "store") store_ = caf::actor_cast<store_actor>(m.actor);
    if (m.name.starts_with("lane/")) lanes_[m.name.substr(5)] = caf::actor_cast<lane_actor>(m.actor);
  }

  environment_ptr env_;
  scheduler::membership machine_;
  alarm_clock<membership_shell> alarm_;
  store_actor store_;
  std::map<std::string, lane_actor> lanes_;
  /// By node and holder: who asked last.
  std::map<std::pair<std::string, std::uint32_t>, lease_holder_actor> links_;
  std::uint64_t ticket_ = 0;
  std::map<std::uint64_t, asked_extension> asked_;
  std::vector<caf::typed_response_promise<bool>> outage_;
};

} // namespace

membership_actor spawn_membership(caf::actor_system& sys, environment_ptr env, scheduler::lease_settings how) {
  return sys.spawn<membership_shell>(std::move(env), how);
}

} // namespace fabric::actors
