#include "actors/uplink.hpp"

#include "fabric/node/hosted_lanes.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/dial.hpp"
#include "actors/messages.hpp"
#include "actors/overloaded.hpp"

#include <spdlog/spdlog.h>

#include <map>
#include <random>
#include <set>
#include <utility>

namespace fabric::actors {

namespace {

constexpr duration hello_limit = 3s; ///< For one answer; a connection that is half dead gives none.

class uplink_shell : public uplink_actor::base {
public:
  uplink_shell(caf::actor_config& cfg, environment_ptr env, uplink_settings how)
      : uplink_actor::base(cfg), env_(std::move(env)), how_(std::move(how)), machine_(how_.how), random_(how_.seed),
        watcher_(this), alarm_(this, env_, [this] { tick(); }) {
    harden(this);
    if (!how_.dial) how_.dial = dial_network;
  }

  const char* name() const override { return "fabric.uplink"; }

  void on_exit() override {
    alarm_.stop();
    how_ = {};
    face_ = nullptr;
    registrar_ = nullptr;
    steward_ = nullptr;
    runner_ = nullptr;
    told_.clear();
    lanes_.clear();
  }

  behavior_type make_behavior() override {
    return {
        [this](cell_names& m) { rename(m.items); },
        [this](cell_terms& m) { apply(m.text); },
        [this](host_lanes& m) { host(m.lanes); },
        [this](pruned_jobs& m) { prune(m); },
        [this](reload_config m) { return reload(m.dry_run); },
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  void tick() { step(node::joining_tick{std::uniform_real_distribution<double>{0, 1}(random_)}); }

  void step(const node::joining_event& what) {
    for (auto& todo : machine_.handle(what, env_->now())) perform(todo);
    if (steward_) alarm_.arm(machine_.wake_at()); // The cell is told who answers for this node.
  }

  void perform(node::joining_effect& todo) {
    std::visit(overloaded{
                   [&](node::dial& e) { dial(e); },
                   [&](node::say_hello& e) { find_registrar_for(e.session); },
                   [&](node::joining_news& e) {
                     e.is_trouble ? env_->log->warn("uplink: {}", e.text) : env_->log->info("uplink: {}", e.text);
                   },
               },
               todo);
  }

  // -- one try, step by step
  // -----------------------------------------------------------------------------------------------------------

  void dial(const node::dial& e) {
    how_.dial(this, e.where, [this, session = e.session](expected<client_face_actor> found) {
      if (!found) return fail_with(session, found.error());
      face_ = *found;
      step(node::cell_reached{session});
    });
  }

  void find_registrar_for(std::uint64_t session) {
    ask(this, face_, hello_limit, find_registrar{})
        .then([this, session](registrar_found& found) { on_registrar(session, found); }, silence(session));
  }

  void on_registrar(std::uint64_t session, const registrar_found& found) {
    auto card = how_.card();
    card.session = session;
    if (auto same = scheduler::same_build(card.build, found.card); !same) return fail_with(session, same.error());
    if (!found.registrar)
      return fail_with(session, {errc::unavailable, "the part that lets nodes join is restarting", {}});
    registrar_ = caf::actor_cast<registrar_actor>(found.registrar);
    ask(this, steward_, hello_limit, get_workers{})
        .then(
            [this, session, card](worker_reports& said) mutable {
              for (auto& w : said.workers) card.held.insert(card.held.end(), w.held.begin(), w.held.end());
              say_hello(session, std::move(card));
            },
            silence(session));
  }

  void say_hello(std::uint64_t session, scheduler::node_card card) {
    watcher_.watch(caf::actor_cast<caf::strong_actor_ptr>(registrar_),
                   [this, session](const caf::error&) { step(node::cell_lost{session}); });
    ask(this, registrar_, hello_limit, node_hello{std::move(card), uplink_actor{this}, steward_})
        .then([this, session](node_welcome& m) { on_welcome(session, m); }, silence(session));
  }

  void on_welcome(std::uint64_t session, node_welcome& m) {
    if (m.failure) return fail_with(session, std::move(*m.failure));
    if (session != machine_.session()) return;
    if (auto ok = how_.apply(m.terms); !ok) return fail_with(session, ok.error());
    tell_changed();
    host(m.lanes);
    rename(m.names);
    step(node::cell_welcomed{session});
    if (how_.on_joined) how_.on_joined();
  }

  void fail_with(std::uint64_t session, error why) { step(node::cell_failed{session, std::move(why)}); }

  std::function<void(caf::error&)> silence(std::uint64_t session) {
    return [this, session](caf::error&) { fail_with(session, {errc::unavailable, "no answer in time", {}}); };
  }

  // -- what the cell says
  // -----------------------------------------------------------------------------------------------------------

  /// A lane that lives here is known under its own name, and heard of it before the cell did.
  void rename(std::vector<cell_name>& names) {
    for (auto& n : names)
      if (hosted_.is_news(n.name))
        tell(this, how_.directory, directory_entry{std::move(n.name), std::move(n.actor), true});
  }

  /// The runner's link comes with the terms, a moment after the welcome. Spool directories are found again by the
  /// survey; of checkpoints that were reset nobody would tell it again.
  void prune(pruned_jobs& m) {
    if (runner_) return tell(this, runner_, std::move(m));
    resets_.insert(m.resets.begin(), m.resets.end());
  }

  void meet_runner(const caf::strong_actor_ptr& actor) {
    runner_ = caf::actor_cast<runner_actor>(actor);
    if (!resets_.empty()) tell(this, runner_, pruned_jobs{{}, {}, {resets_.begin(), resets_.end()}});
    resets_.clear();
  }

  void host(const std::vector<std::string>& lanes) {
    for (const auto& lane : hosted_.host(lanes)) {
      lanes_.erase(lane);
      told_.erase("lane/" + lane);
    }
    for (const auto& [lane, actor] : lanes_) tell_hosted(lane);
    how_.host(lanes);
  }

  /// The cell hears of one that was here before, too: this uplink, or the registrar, may be a new one.
  void tell_hosted(const std::string& lane) {
    if (!hosted_.lives_here(lane)) return;
    told_["lane/" + lane] = caf::actor_cast<configured_actor>(lanes_.at(lane));
    tell(this, registrar_, lane_hosted{how_.card().name, lane, lanes_.at(lane)});
  }

  void apply(const std::string& terms) {
    if (auto ok = how_.apply(terms); !ok)
      env_->log->error("uplink: {}", render(ok.error()));
    else
      tell_changed();
  }

  void tell_changed() {
    for (const auto& [name, child] : told_)
      ask(this, child, hello_limit, config_news{how_.now(name)}).then([](bool) {}, [](caf::error&) {});
  }

  change_receipt reload(bool dry_run) {
    auto reply = how_.reload(dry_run);
    if (dry_run || reply.failure || reply.changes.empty()) return reply;
    tell_changed();
    step(node::card_changed{});
    return reply;
  }

  void meet(const directory_entry& m) {
    if (m.name == "runner") meet_runner(m.actor);
    if (m.name == "runner" || m.name == "handlers" || m.name == "checkpoints" || m.name == "steward" ||
        m.name.starts_with("worker/"))
      told_[m.name] = caf::actor_cast<configured_actor>(m.actor);
    if (m.name.starts_with("lane/") && !m.is_elsewhere) meet_lane(m.name.substr(5), m.actor);
    if (m.name != "steward") return;
    steward_ = caf::actor_cast<node_face_actor>(m.actor);
    step(node::card_changed{}); // Of a restarted one the cell has to hear.
  }

  void meet_lane(const std::string& lane, const caf::strong_actor_ptr& actor) {
    lanes_[lane] = actor;
    tell_hosted(lane);
  }

  environment_ptr env_;
  uplink_settings how_;
  node::joining machine_;
  std::mt19937_64 random_;
  watcher<uplink_shell> watcher_;
  alarm_clock<uplink_shell> alarm_;
  client_face_actor face_;
  registrar_actor registrar_;
  node_face_actor steward_;
  runner_actor runner_;
  std::set<job_id> resets_; ///< For a runner that is not there yet.
  node::hosted_lanes hosted_;
  std::map<std::string, caf::strong_actor_ptr> lanes_; ///< Those that do, or did when this began.
  std::map<std::string, configured_actor> told_;       ///< Whose work depends on the configuration.
};

} // namespace

uplink_actor spawn_uplink(caf::actor_system& sys, environment_ptr env, uplink_settings how) {
  return sys.spawn<uplink_shell>(std::move(env), std::move(how));
}

} // namespace fabric::actors
