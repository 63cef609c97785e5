#include "actors/handler_pool.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/overloaded.hpp"

#include <spdlog/spdlog.h>

#include <deque>
#include <map>

namespace fabric::actors {

namespace {

constexpr std::uint32_t handlers_hold = 1; ///< Of scheduler::node_renewed::holder; 0 are the processes.

class handler_pool_shell : public handler_pool_actor::base {
public:
  handler_pool_shell(caf::actor_config& cfg, environment_ptr env, handler_pool_settings how)
      : handler_pool_actor::base(cfg), env_(std::move(env)), node_(how.machine.node), boot_(how.boot),
        too_many_(std::move(how.on_too_many_leaked)), machine_(std::move(how.machine)),
        alarm_(this, env_, [this] { step({handlers::pool_tick{}}); }) {
    harden(this);
    executor_ = how.make([self = handler_pool_actor{this}] { tell_anon(self, handler_news{}); });
  }

  const char* name() const override { return "fabric.handlers"; }

  behavior_type make_behavior() override {
    return {
        [this](config_news& m) { return reconfigure(*m.now); },
        [this](runner_orders& m) { on_orders(m); },
        [this](join_runner& m) { on_join(m); },
        [this](get_progress& m) { return progress(m.fence); },
        [this](leases_renewed& m) {
          step({exec::leases_answered{m.what.seq, std::move(m.what.lengths)}});
        },
        [this](handler_news) { step({executor_->take()}); },
        [this](release_handlers m) { return release(m); },
        [this](directory_entry& m) { meet(m); },
    };
  }

  void on_exit() override {
    alarm_.stop();
    executor_.reset();
    workers_.clear();
    membership_ = nullptr;
    store_ = nullptr;
    releases_.clear();
  }

private:
  /// What one turn says and starts, one message or call for each.
  struct turn {
    std::map<std::string, runner_news> news;
    std::vector<handlers::task> tasks;
    std::deque<handlers::pool_event> events;
  };

  void step(std::deque<handlers::pool_event> events) {
    turn t;
    t.events = std::move(events);
    while (!t.events.empty()) {
      auto e = std::move(t.events.front());
      t.events.pop_front();
      perform(machine_.handle(std::move(e), env_->now()), t);
    }
    start(t);
    for (auto& [lane, items] : t.news)
      if (const auto to = workers_.find(lane); to != workers_.end()) tell(this, to->second, std::move(items));
    alarm_.arm(machine_.wake_at());
  }

  void start(turn& t) {
    if (!t.tasks.empty()) executor_->start(std::exchange(t.tasks, {}));
  }

  void perform(handlers::pool_effects todo, turn& t) {
    for (auto& one : todo) perform(one, t);
  }

  void perform(handlers::pool_effect& todo, turn& t) {
    std::visit(
        overloaded{
            [&](exec::tell_worker& e) { say(e, t); },
            [&](exec::renew_fences& e) {
              tell(this, membership_,
                   renew_leases{lease_holder_actor{this}, {node_, boot_, e.seq, std::move(e.fences), handlers_hold}});
            },
            [&](exec::complaint& e) { env_->log->error("handlers: {}", e.text); },
            [&](exec::raise_alarm& e) { raise(e); },
            [&](handlers::run_task& e) { t.tasks.push_back(std::move(e.what)); },
            [&](handlers::ask_to_stop& e) { stop(e.fence, t); },
            [&](handlers::abandon_task& e) { executor_->abandon(e.fence); },
            [&](handlers::look_at_tasks&) { t.events.emplace_back(executor_->take()); },
            [&](handlers::all_released&) { answer_releases(); },
            [&](handlers::too_many_leaked& e) { too_many_(e.leaked); },
        },
        todo);
  }

  void say(exec::tell_worker& e, turn& t) {
    auto& news = t.news[e.lane];
    news.from = node::place::handlers;
    news.items.push_back(std::move(e.what));
  }

  void stop(fence_t fence, turn& t) {
    start(t); // It may be among these.
    if (executor_->stop(fence)) perform(machine_.withdrawn(fence, env_->now()), t);
  }

  /// Nobody waits for the answer.
  void raise(exec::raise_alarm& e) {
    env_->log->error("handlers: job {}: {}", e.id, e.text);
    store_operations m;
    m.asks.push_back({0, store::note{.kind = std::move(e.kind),
                                     .lane = std::move(e.lane),
                                     .node = node_,
                                     .id = e.id,
                                     .text = std::move(e.text)}});
    tell(this, store_, std::move(m));
  }

  void on_orders(runner_orders& m) {
    std::deque<handlers::pool_event> events;
    for (auto& item : m.items) events.emplace_back(exec::worker_ordered{m.lane, std::move(item)});
    step(std::move(events));
  }

  void on_join(join_runner& m) {
    workers_[m.lane] = m.from;
    step({exec::worker_joined{m.lane}});
  }

  bool reconfigure(const config::root& now) {
    step({exec::reconfigured{now}});
    return true;
  }

  progress_report progress(fence_t fence) {
    step({executor_->take()});
    return {{}, machine_.progress_of(fence, env_->now())};
  }

  caf::result<bool> release(release_handlers m) {
    auto promise = make_response_promise<bool>();
    releases_.push_back(promise);
    step({handlers::release_all{m.grace}});
    return promise;
  }

  void answer_releases() {
    for (auto& promise : std::exchange(releases_, {})) promise.deliver(true);
  }

  void meet(const directory_entry& m) {
    if (m.name == "store") store_ = caf::actor_cast<store_actor>(m.actor);
    if (m.name != "membership") return;
    membership_ = caf::actor_cast<membership_actor>(m.actor);
    step({exec::membership_up{}});
  }

  environment_ptr env_;
  std::string node_;
  std::uint64_t boot_;
  std::function<void(std::uint32_t)> too_many_;
  handlers::pool machine_;
  std::unique_ptr<handlers::executor> executor_;
  alarm_clock<handler_pool_shell> alarm_;
  membership_actor membership_;
  store_actor store_;
  std::map<std::string, worker_actor> workers_; ///< By lane.
  std::vector<caf::typed_response_promise<bool>> releases_;
};

} // namespace

handler_pool_actor spawn_handler_pool(caf::actor_system& sys, environment_ptr env, handler_pool_settings how) {
  return sys.spawn<handler_pool_shell>(std::move(env), std::move(how));
}

} // namespace fabric::actors
