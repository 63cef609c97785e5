#include "actors/runner.hpp"

#include "fabric/config/classes.hpp"
#include "fabric/exec/launch.hpp"
#include "fabric/exec/liaison.hpp"
#include "fabric/exec/runner_process.hpp"
#include "fabric/exec/system.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/overloaded.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>

namespace fabric::actors {

namespace {

constexpr duration memory_interval = 1s;
constexpr duration retry_first = 50ms; ///< Between attempts to connect to a runner that is starting; doubles,
constexpr duration retry_max = 2s;     ///< up to this: one that cannot start is not started in a hot loop.

class runner_shell : public runner_actor::base {
public:
  runner_shell(caf::actor_config& cfg, environment_ptr env, runner_settings how)
      : runner_actor::base(cfg), env_(std::move(env)), how_(std::move(how)),
        machine_({how_.node, how_.config, how_.environment, how_.renewal}), process_(how_.start_command),
        alarm_(this, env_, [this] { on_alarm(); }), memory_alarm_(this, env_, [this] { look_at_memory(); }) {
    harden(this);
    if (!how_.connect)
      how_.connect = [socket = how_.socket](runner_wire::callback f) { return connect_wire(socket, std::move(f)); };
    if (!how_.boottime_us) how_.boottime_us = exec::boottime_us;
  }

  const char* name() const override { return "fabric.runner"; }

  behavior_type make_behavior() override {
    look_for_classes();
    alarm_.arm(env_->now());
    if (how_.available_memory && how_.config.node.memory_low > 0) memory_alarm_.arm(env_->now());
    return {
        [this](config_news& m) { return reconfigure(*m.now); },
        [this](runner_orders& m) { on_orders(m); },
        [this](join_runner& m) { on_join(m); },
        [this](get_progress& m) {
          return progress_report{{}, machine_.progress_of(m.fence, env_->now())};
        },
        [this](leases_renewed& m) {
          step({exec::leases_answered{m.what.seq, std::move(m.what.lengths)}});
        },
        [this](pruned_jobs& m) {
          step({exec::spool_pruned{std::move(m.jobs), std::move(m.attempts), std::move(m.resets)}});
        },
        [this](prepare_outage m) { return prepare(m); },
        [this](link_frames& m) { on_frames(m); },
        [this](directory_entry& m) { meet(m); },
    };
  }

  void on_exit() override {
    alarm_.stop();
    memory_alarm_.stop();
    // A runner of our own has no reason to stay when nothing is held; one with attempts waits for the next fabricd.
    if (link_ && machine_.ready() && machine_.holds_nothing() && !how_.start_command.empty())
      link_->send(exec::leave{});
    link_.reset();
    workers_.clear();
    membership_ = nullptr;
    store_ = nullptr;
    outages_.clear();
  }

private:
  using news_by_lane = std::map<std::string, runner_news>;

  // -- the machine
  // -----------------------------------------------------------------------------------------------------------

  void step(std::vector<exec::liaison_event> events) {
    const exec::instant at{env_->now(), how_.boottime_us()};
    news_by_lane news;
    for (auto& e : events)
      for (auto& todo : machine_.handle(std::move(e), at)) perform(todo, news);
    if (link_) link_->flush();
    for (auto& [lane, items] : news)
      if (const auto to = workers_.find(lane); to != workers_.end()) tell(this, to->second, std::move(items));
    if (const auto due = machine_.wake_at()) alarm_.arm(*due);
  }

  void perform(exec::liaison_effect& todo, news_by_lane& news) {
    std::visit(overloaded{
                   [&](exec::send_frame& e) {
                     if (link_) link_->send(e.frame);
                   },
                   [&](exec::tell_worker& e) { news[e.lane].items.push_back(std::move(e.what)); },
                   [&](exec::renew_fences& e) {
                     tell(this, membership_,
                          renew_leases{runner_actor{this}, {how_.node, how_.boot, e.seq, std::move(e.fences), 0}});
                   },
                   [&](exec::runner_is_ready&) { retry_ = retry_first; },
                   [&](exec::outage_known&) { answer_outages(true); },
                   [&](exec::runner_is_foreign& e) { give_up(e.protocol); },
                   [&](exec::complaint& e) { env_->log->warn("runner: {}", e.text); },
                   [&](exec::raise_alarm& e) { raise(e); },
               },
               todo);
  }

  /// Nobody waits for the answer.
  void raise(exec::raise_alarm& e) {
    if (e.id != 0)
      env_->log->error("runner: job {}: {}", e.id, e.text);
    else
      env_->log->warn("runner: {}", e.text);
    store_operations m;
    m.asks.push_back({0, store::note{.kind = std::move(e.kind),
                                     .lane = std::move(e.lane),
                                     .node = how_.node,
                                     .id = e.id,
                                     .text = std::move(e.text)}});
    tell(this, store_, std::move(m));
  }

  void give_up(std::uint32_t protocol) {
    env_->fail(1, "the runner at " + how_.socket + " speaks protocol " + std::to_string(protocol) + ", this is " +
                      std::to_string(exec::protocol_version) + ": stop it when its jobs are done");
  }

  // -- the connection
  // -----------------------------------------------------------------------------------------------------------

  void on_alarm() {
    if (!link_) connect();
    const auto due = machine_.wake_at();
    if (due && env_->now() >= *due) look_for_classes();
    step({exec::liaison_tick{}});
    if (link_) return;
    alarm_.arm(env_->now() + retry_);
    retry_ = std::min(retry_ * 2, retry_max);
  }

  void connect() {
    const auto connection = ++connection_;
    auto made =
        how_.connect([self = runner_actor{this}, connection](std::vector<exec::from_runner> frames, bool closed) {
          tell_anon(self, link_frames{connection, std::move(frames), closed});
        });
    if (made) {
      link_ = std::move(*made);
      step({exec::link_up{}});
    } else if (auto problem = process_.ensure_started()) {
      env_->log->error("runner: cannot start: {}", render(*problem));
    }
  }

  void on_frames(link_frames& m) {
    if (m.connection != connection_) return;
    std::vector<exec::liaison_event> events;
    for (auto& frame : m.frames) events.emplace_back(exec::link_said{std::move(frame)});
    if (m.closed) events.emplace_back(exec::link_down{});
    step(std::move(events));
    if (!m.closed) return;
    env_->log->warn("runner: the connection closed");
    link_.reset();
    alarm_.arm(env_->now());
  }

  // -- partners
  // -----------------------------------------------------------------------------------------------------------

  void on_join(join_runner& m) {
    workers_[m.lane] = m.from;
    step({exec::worker_joined{m.lane}});
  }

  void on_orders(runner_orders& m) {
    std::vector<exec::liaison_event> events;
    for (auto& item : m.items) {
      const auto* run = std::get_if<node::run_attempt>(&item);
      if (run != nullptr && !executable_is_here(run->order.job_class)) look_for_classes();
      events.emplace_back(exec::worker_ordered{m.lane, std::move(item)});
    }
    step(std::move(events));
  }

  caf::result<bool> prepare(prepare_outage m) {
    auto promise = make_response_promise<bool>();
    outages_.push_back(promise);
    ask(this, membership_, 1s, m)
        .then([this](bool) { step({exec::outage_granted{}}); }, [this](caf::error&) { answer_outages(false); });
    return promise;
  }

  void answer_outages(bool known) {
    for (auto& promise : std::exchange(outages_, {})) promise.deliver(known);
  }

  void meet(const directory_entry& m) {
    if (m.name == "store") store_ = caf::actor_cast<store_actor>(m.actor);
    if (m.name != "membership") return;
    membership_ = caf::actor_cast<membership_actor>(m.actor);
    step({exec::membership_up{}});
  }

  bool reconfigure(const config::root& now) {
    how_.config = now;
    step({exec::reconfigured{now}});
    look_for_classes();
    return true;
  }

  // -- what can run here
  // -----------------------------------------------------------------------------------------------------------

  bool executable_is_here(const std::string& job_class) const {
    const auto* c = config::find_class(how_.config, job_class);
    return c == nullptr || c->command.empty() || exec::is_executable(c->command[0]);
  }

  /// Classes that are switched on and whose executable and user are here now; what is not shows up when it appears.
  void look_for_classes() {
    std::vector<std::string> names;
    for (const auto& [name, c] : how_.config.classes)
      if (c.enabled && !c.command.empty() && exec::is_executable(c.command[0]) && user_is_here(name, c.user))
        names.push_back(name);
    if (how_.config.allow_ad_hoc) names.emplace_back(config::ad_hoc_class);
    std::sort(names.begin(), names.end());
    step({exec::classes_found{std::move(names)}});
  }

  bool user_is_here(const std::string& job_class, const std::string& user) {
    if (user.empty()) return true;
    const auto known = exec::resolve_user(user);
    if (!known && complained_.insert(job_class).second)
      env_->log->error("class {} cannot run here: {}", job_class, render(known.error()));
    if (known) complained_.erase(job_class);
    return known.has_value();
  }

  void look_at_memory() {
    memory_alarm_.arm(env_->now() + memory_interval);
    if (const auto available = how_.available_memory()) step({exec::memory_seen{*available}});
  }

  environment_ptr env_;
  runner_settings how_;
  exec::liaison machine_;
  exec::runner_process process_;
  alarm_clock<runner_shell> alarm_;
  alarm_clock<runner_shell> memory_alarm_; ///< Apart: each ring of the other one may connect.
  membership_actor membership_;
  store_actor store_;
  std::map<std::string, worker_actor> workers_; ///< By lane.
  std::unique_ptr<runner_wire> link_;
  std::uint64_t connection_ = 0;
  duration retry_ = retry_first;
  std::vector<caf::typed_response_promise<bool>> outages_;
  std::set<std::string> complained_; ///< Classes whose user is not here, said once.
};

} // namespace

runner_actor spawn_runner(caf::actor_system& sys, environment_ptr env, runner_settings how) {
  return sys.spawn<runner_shell>(std::move(env), std::move(how));
}

} // namespace fabric::actors
