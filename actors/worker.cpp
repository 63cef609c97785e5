#include "actors/worker.hpp"

#include "fabric/scheduler/lane_setup.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/overloaded.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <optional>

namespace fabric::actors {

namespace {

constexpr duration answer_limit = 2s; ///< For questions inside the node.

class worker_shell : public worker_actor::base {
public:
  worker_shell(caf::actor_config& cfg, environment_ptr env, node::worker_settings how, worker_callbacks call)
      : worker_actor::base(cfg), env_(std::move(env)), node_(how.node), name_(how.name), lane_name_(how.lane),
        call_(std::move(call)), machine_(std::move(how)), alarm_(this, env_, [this] { step({node::worker_tick{}}); }) {
    harden(this);
  }

  const char* name() const override { return "fabric.worker"; }

  void on_exit() override {
    alarm_.stop();
    emptied_.clear();
    lane_ = nullptr;
    executors_ = {};
    checkpoints_ = nullptr;
  }

  behavior_type make_behavior() override {
    return {
        [this](config_news& m) { return reconfigure(*m.now); },
        [this](lane_orders& m) { step(std::move(m.items)); },
        [this](runner_news& m) { step(heard(m)); },
        [this](drain_worker m) {
          step({node::drain{m.deadline, true}});
        },
        [this](empty_worker m) { return empty(m.deadline); },
        [this](undrain_worker) { return undrain(); },
        [this](get_nodes) { return worker_report{machine_.report(env_->now())}; },
        [this](get_progress& m) { return progress(std::move(m)); },
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  bool reconfigure(const config::root& now) {
    step({node::slots_changed{scheduler::slots_of(now, lane_name_)}});
    return true;
  }

  caf::result<worker_fates> empty(time_point deadline) {
    auto promise = make_response_promise<worker_fates>();
    emptied_.push_back(promise);
    if (fates_)
      tell_fates();
    else
      step({node::drain{deadline}});
    return promise;
  }

  /// @returns whether it was drained, and is no longer.
  bool undrain() {
    const bool was = machine_.report(env_->now()).draining;
    step({node::undrain{}});
    if (!was || machine_.report(env_->now()).draining) return false;
    fates_.emplace();
    tell_fates(); // Whoever still waits.
    fates_.reset();
    return true;
  }

  void tell_fates() {
    for (auto& promise : std::exchange(emptied_, {})) promise.deliver(worker_fates{*fates_});
  }

  void on_drained(node::drained& e) {
    if (e.ends) call_.on_drained(name_, e.fates);
    fates_ = std::move(e.fates);
    tell_fates();
  }

  void step(std::vector<node::worker_event> events) {
    worker_news news{worker_actor{this}, node_, {}};
    std::array<runner_orders, 2> orders{{{lane_name_, {}}, {lane_name_, {}}}};
    for (const auto& e : events)
      for (auto& todo : machine_.handle(e, env_->now())) perform(todo, news, orders);
    for (std::size_t i = 0; i < orders.size(); ++i)
      if (!orders[i].items.empty()) tell(this, executors_[i], std::move(orders[i]));
    if (!news.items.empty()) tell_lane(std::move(news));
    alarm_.arm(machine_.wake_at());
  }

  std::vector<node::worker_event> heard(runner_news& m) {
    std::vector<node::worker_event> all;
    for (auto& item : m.items)
      for (auto& e : joined_.hear(m.from, std::move(item), env_->now())) all.push_back(std::move(e));
    return all;
  }

  void pass_on(node::worker_effect& order, std::array<runner_orders, 2>& orders) {
    const auto places = joined_.route(order);
    for (const auto place : places) orders[static_cast<std::size_t>(place)].items.push_back(order);
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

  /// Who runs it knows.
  caf::result<progress_report> progress(get_progress m) {
    const auto place = joined_.where(m.fence);
    if (!place) return progress_report{};
    auto promise = make_response_promise<progress_report>();
    ask(this, executors_[static_cast<std::size_t>(*place)], answer_limit, std::move(m))
        .then([promise](progress_report& said) mutable { promise.deliver(std::move(said)); },
              [promise](caf::error&) mutable { promise.deliver(progress_report{}); });
    return promise;
  }

  void perform(node::worker_effect& todo, worker_news& news, std::array<runner_orders, 2>& orders) {
    std::visit(overloaded{
                   [&](node::run_attempt&) { pass_on(todo, orders); },
                   [&](node::stop_attempt&) { pass_on(todo, orders); },
                   [&](node::forget_attempt&) { pass_on(todo, orders); },
                   [&](node::fetch_attempt&) { pass_on(todo, orders); },
                   [&](node::bring_checkpoint& e) { bring(std::move(e.what)); },
                   [&](node::drained& e) { on_drained(e); },
                   [&](auto&) { news.items.push_back(std::move(todo)); },
               },
               todo);
  }

  void bring(node::transfer_order what) {
    const auto fence = what.fence;
    const auto limit = what.until - env_->now() + answer_limit + answer_limit;
    ask(this, checkpoints_, limit, bring_checkpoint{std::move(what)})
        .then(
            [this, fence](const checkpoint_brought& said) {
              step({node::checkpoint_settled{fence, !said.failure}});
            },
            [this, fence](caf::error&) {
              step({node::checkpoint_settled{fence, false}});
            });
  }

  void meet(const directory_entry& m) {
    if (m.name == "lane/" + lane_name_) {
      lane_ = caf::actor_cast<lane_actor>(m.actor);
      step({node::lane_up{}});
    } else if (m.name == "checkpoints") {
      checkpoints_ = caf::actor_cast<checkpoints_actor>(m.actor);
    } else if (m.name == "runner") {
      join(node::place::runner, caf::actor_cast<runner_actor>(m.actor));
    } else if (m.name == "handlers") {
      join(node::place::handlers, caf::actor_cast<handler_pool_actor>(m.actor));
    }
  }

  void join(node::place place, executor_actor whom) {
    executors_[static_cast<std::size_t>(place)] = whom;
    step(joined_.hear(place, node::runner_down{}, env_->now()));
    tell(this, whom, join_runner{lane_name_, worker_actor{this}});
  }

  environment_ptr env_;
  std::string node_;
  std::string name_;
  std::string lane_name_;
  worker_callbacks call_;
  node::worker machine_;
  node::executors joined_;
  alarm_clock<worker_shell> alarm_;
  lane_actor lane_;
  checkpoints_actor checkpoints_;
  std::array<executor_actor, 2> executors_;                        ///< By place.
  bool offered_ = false;                                           ///< The lane knows.
  std::optional<std::vector<node::fate>> fates_;                   ///< Once a drain has emptied it.
  std::vector<caf::typed_response_promise<worker_fates>> emptied_; ///< Who waits for that.
};

} // namespace

worker_actor spawn_worker(caf::actor_system& sys, environment_ptr env, node::worker_settings how,
                          worker_callbacks call) {
  return sys.spawn<worker_shell>(std::move(env), std::move(how), std::move(call));
}

} // namespace fabric::actors
