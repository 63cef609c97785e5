#include "actors/worker.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/overloaded.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace fabric::actors {

namespace {

class worker_shell : public worker_actor::base {
public:
  worker_shell(caf::actor_config& cfg, environment_ptr env, node::worker_settings how, worker_callbacks call)
      : worker_actor::base(cfg), env_(std::move(env)), node_(how.node), name_(how.name), lane_name_(how.lane),
        slots_(how.slots), call_(std::move(call)), machine_(std::move(how)),
        alarm_(this, env_, [this] { step({node::worker_tick{}}); }) {
    harden(this);
  }

  const char* name() const override { return "fabric.worker"; }

  void on_exit() override {
    alarm_.stop();
    lane_ = nullptr;
    runner_ = nullptr;
  }

  behavior_type make_behavior() override {
    return {
        [this](lane_orders& m) { step(std::move(m.items)); },
        [this](runner_news& m) { step(std::move(m.items)); },
        [this](drain_worker m) { step({node::drain{m.deadline}}); },
        [this](get_nodes) { return worker_report{machine_.report(env_->now())}; },
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  void step(std::vector<node::worker_event> events) {
    worker_news news{worker_actor{this}, node_, {}};
    runner_orders orders{lane_name_, {}};
    for (const auto& e : events)
      for (auto& todo : machine_.handle(e, env_->now())) perform(todo, news, orders);
    if (!orders.items.empty()) tell(this, runner_, std::move(orders));
    if (!news.items.empty()) tell_lane(std::move(news));
    alarm_.arm(machine_.wake_at());
  }

  void tell_lane(worker_news news) {
    const bool complete = std::any_of(news.items.begin(), news.items.end(), [](const auto& item) {
      const auto* said = std::get_if<node::tell_want>(&item);
      return said != nullptr && said->what.held_known;
    });
    tell(this, lane_, std::move(news));
    if (!lane_ || !complete || std::exchange(offered_, true)) return;
    if (call_.on_offered) call_.on_offered(name_);
  }

  void perform(node::worker_effect& todo, worker_news& news, runner_orders& orders) {
    std::visit(overloaded{
                   [&](node::run_attempt&) { orders.items.push_back(std::move(todo)); },
                   [&](node::stop_attempt&) { orders.items.push_back(std::move(todo)); },
                   [&](node::fetch_attempt&) { orders.items.push_back(std::move(todo)); },
                   [&](node::forget_attempt&) { orders.items.push_back(std::move(todo)); },
                   [&](node::drained& e) { call_.on_drained(name_, e.fates); },
                   [&](auto&) { news.items.push_back(std::move(todo)); },
               },
               todo);
  }

  void meet(const directory_entry& m) {
    if (m.name == "lane/" + lane_name_) {
      lane_ = caf::actor_cast<lane_actor>(m.actor);
      step({node::lane_up{}});
    } else if (m.name == "runner") {
      runner_ = caf::actor_cast<runner_actor>(m.actor);
      step({node::runner_down{}});
      tell(this, runner_, join_runner{lane_name_, worker_actor{this}});
    }
  }

  environment_ptr env_;
  std::string node_;
  std::string name_;
  std::string lane_name_;
  std::uint32_t slots_;
  worker_callbacks call_;
  node::worker machine_;
  alarm_clock<worker_shell> alarm_;
  lane_actor lane_;
  runner_actor runner_;
  bool offered_ = false; ///< The lane knows.
};

} // namespace

worker_actor spawn_worker(caf::actor_system& sys, environment_ptr env, node::worker_settings how,
                          worker_callbacks call) {
  return sys.spawn<worker_shell>(std::move(env), std::move(how), std::move(call));
}

} // namespace fabric::actors
