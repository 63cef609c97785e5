#include "actors/steward.hpp"

#include "fabric/scheduler/lane_setup.hpp"
#include "fabric/scheduler/node_orders.hpp"
#include "fabric/scheduler/questions.hpp"

#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/overview.hpp"

#include <spdlog/spdlog.h>

#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace fabric::actors {

namespace {

constexpr duration drain_slack = 20s;         ///< Behind its deadline, for what has to be stopped and committed.
constexpr duration answer_head_start = 100ms; ///< Before a node detaches.

class steward_shell : public steward_actor::base {
public:
  steward_shell(caf::actor_config& cfg, environment_ptr env, steward_settings how)
      : steward_actor::base(cfg), env_(std::move(env)), config_(std::move(how.config)), detach_(std::move(how.detach)),
        questions_(config_.limits.max_questions) {
    harden(this);
  }

  const char* name() const override { return "fabric.steward"; }

  void on_exit() override {
    workers_.clear();
    files_ = nullptr;
  }

  behavior_type make_behavior() override {
    return {
        [this](drain_node& m) { return drain(scheduler::drain_order(m.length, config_)); },
        [this](undrain_node) { return undrain(); },
        [this](detach_node) { return detach(); },
        [this](get_progress& m) { return progress(std::move(m)); },
        [this](get_workers) { return workers(); },
        [this](read_spool m) { return read<spool_piece>(m); },
        [this](list_checkpoint& m) { return read<checkpoint_listing>(std::move(m)); },
        [this](read_checkpoint& m) { return read<spool_piece>(std::move(m)); },
        [this](config_news& m) { return reconfigure(*m.now); },
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  bool reconfigure(const config::root& now) {
    config_ = now;
    std::erase_if(workers_, [&now](const auto& item) { return !scheduler::is_lane(now, item.first); });
    return true;
  }

  caf::result<drain_report> drain(expected<duration> length) {
    if (!length) return refused<drain_report>(length.error());
    if (auto room = questions_.begin(); !room) return refused<drain_report>(room.error());
    drained_by_ = env_->now() + *length;
    env_->log->info("steward: the node takes no new work, as an operator ordered");
    auto promise = make_response_promise<drain_report>();
    auto report = std::make_shared<drain_report>(drain_report{{}, config_.node.name, {}});
    auto silent = std::make_shared<std::size_t>(workers_.size());
    gather<worker_fates>(
        this, workers_, *length + drain_slack, empty_worker{*drained_by_},
        [report, silent](const std::string&, worker_fates& said) {
          --*silent;
          for (auto& fate : said.fates) report->fates.push_back(std::move(fate));
        },
        [this, report, silent, promise]() mutable {
          questions_.end();
          if (*silent > 0)
            report->failure = error{errc::unavailable, "a worker did not say what became of its jobs", {}};
          promise.deliver(std::move(*report));
        });
    return promise;
  }

  caf::result<order_receipt> undrain() {
    drained_by_.reset();
    auto promise = make_response_promise<order_receipt>();
    auto any = std::make_shared<bool>(false);
    gather<bool>(
        this, workers_, answer_limit, undrain_worker{}, [any](const std::string&, bool was) { *any |= was; },
        [promise, any, node = config_.node.name]() mutable {
          if (*any) return promise.deliver(order_receipt{});
          promise.deliver(order_receipt{error{errc::wrong_state, "no operator has drained it", node}});
        });
    return promise;
  }

  /// A little later, so that the answer leaves first.
  order_receipt detach() {
    run_delayed(answer_head_start, [this] { detach_(); });
    return {};
  }

  caf::result<progress_report> progress(get_progress m) {
    const auto worker = workers_.find(m.lane);
    if (worker == workers_.end()) return progress_report{error{errc::unknown_lane, "no such lane: " + m.lane, "/lane"}};
    return pass_on<progress_report>(this, questions_, worker->second, answer_limit, std::move(m));
  }

  template <class Reply, class Question> caf::result<Reply> read(Question m) {
    return pass_on<Reply>(this, questions_, files_, answer_limit, std::move(m));
  }

  caf::result<worker_reports> workers() {
    auto promise = make_response_promise<worker_reports>();
    auto said = std::make_shared<std::map<std::string, node::worker_status>>();
    gather<worker_report>(
        this, workers_, answer_limit, get_nodes{},
        [said](const std::string& lane, worker_report& answer) { (*said)[lane] = std::move(answer.now); },
        [this, promise, said]() mutable {
          worker_reports reply;
          for (const auto& l : config_.lanes)
            if (const auto found = said->find(l.name); found != said->end())
              reply.workers.push_back(std::move(found->second));
          promise.deliver(std::move(reply));
        });
    return promise;
  }

  void meet(const directory_entry& m) {
    if (m.name == "spool_files") files_ = caf::actor_cast<spool_files_actor>(m.actor);
    if (!m.name.starts_with("worker/")) return;
    auto& worker = workers_[m.name.substr(7)] = caf::actor_cast<worker_actor>(m.actor);
    if (!drained_by_) return;
    // It was started again; who waits for its fates has been told that nobody saw all of them.
    ask(this, worker, answer_limit, empty_worker{*drained_by_}).then([](worker_fates&) {}, [](caf::error&) {});
  }

  environment_ptr env_;
  config::root config_;
  std::function<void()> detach_;
  std::optional<time_point> drained_by_; ///< An operator's drain, until it is undrained.
  scheduler::questions questions_;
  std::map<std::string, worker_actor> workers_; ///< By lane.
  spool_files_actor files_;
};

} // namespace

steward_actor spawn_steward(caf::actor_system& sys, environment_ptr env, steward_settings how) {
  return sys.spawn<steward_shell>(std::move(env), std::move(how));
}

} // namespace fabric::actors
