#include "actors/desk.hpp"

#include "fabric/scheduler/explain.hpp"
#include "fabric/scheduler/lane_orders.hpp"
#include "fabric/scheduler/lane_setup.hpp"
#include "fabric/scheduler/node_orders.hpp"
#include "fabric/scheduler/questions.hpp"
#include "fabric/scheduler/stall_watch.hpp"
#include "fabric/scheduler/time_spent.hpp"

#include "actors/alarm_clock.hpp"
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

constexpr duration change_limit = 30s;        ///< For another configuration to be in force.
constexpr duration drain_slack = 20s;         ///< Behind its deadline, for what has to be stopped and committed.
constexpr duration answer_head_start = 100ms; ///< Before a node detaches.

class desk_shell : public desk_actor::base {
public:
  desk_shell(caf::actor_config& cfg, environment_ptr env, desk_settings how)
      : desk_actor::base(cfg), env_(std::move(env)), config_(std::move(how.config)), detach_(std::move(how.detach)),
        questions_(config_.limits.max_questions), watch_(config_.supervision.stall_alarm) {
    harden(this);
  }

  const char* name() const override { return "fabric.desk"; }

  void on_exit() override {
    alarm_.stop();
    store_ = nullptr;
    reader_ = nullptr;
    configurator_ = nullptr;
    lanes_.clear();
    workers_.clear();
    orders_.clear();
  }

  behavior_type make_behavior() override {
    arm();
    return {
        [this](pause_lane& m) {
          return order(scheduler::pause_order(m.lane, m.reason, m.length, config_, env_->now()));
        },
        [this](resume_lane& m) { return order(scheduler::resume_order(m.lane, config_)); },
        [this](explain_job m) { return explain(m.id); },
        [this](reload_config m) { return pass<change_receipt>(m); },
        [this](set_policy& m) { return pass<change_receipt>(std::move(m)); },
        [this](get_config m) { return pass<config_text>(m); },
        [this](drain_node& m) { return drain(scheduler::drain_order(m.node, m.length, config_)); },
        [this](undrain_node& m) { return undrain(scheduler::check_node(m.node, config_)); },
        [this](detach_node& m) { return detach(scheduler::check_node(m.node, config_)); },
        [this](config_news& m) { return reconfigure(*m.now); },
        [this](get_progress& m) { return progress(std::move(m)); },
        [this](store_commit& m) { on_commit(m); },
        [](lane_loaded&) {},
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  using explain_promise = caf::typed_response_promise<job_explanation>;

  /// A job, and what its surroundings say one after the other.
  struct inquiry {
    explain_promise promise;
    scheduler::explain_facts facts;
  };

  // -- orders
  // -----------------------------------------------------------------------------------------------------------

  caf::result<order_receipt> order(expected<store::set_pause> op) {
    if (!op) return order_receipt{op.error()};
    if (auto room = questions_.begin(); !room) return order_receipt{room.error()};
    auto promise = make_response_promise<order_receipt>();
    orders_.emplace(++ticket_, promise);
    store_operations m{store_client_actor{this}, {}};
    m.asks.push_back({ticket_, std::move(*op)});
    tell(this, store_, std::move(m));
    return promise;
  }

  void on_commit(store_commit& m) {
    for (auto& a : m.answers) {
      const auto found = orders_.find(a.ticket);
      if (found == orders_.end()) continue;
      questions_.end();
      found->second.deliver(order_receipt{std::move(a.reply.failure)});
      orders_.erase(found);
    }
  }

  // -- about the node
  // -----------------------------------------------------------------------------------------------------------

  template <class Reply, class Question> caf::result<Reply> pass(Question question) {
    if (auto room = questions_.begin(); !room) return refused<Reply>(room.error());
    auto promise = make_response_promise<Reply>();
    ask(this, configurator_, change_limit, std::move(question))
        .then(
            [this, promise](Reply& reply) mutable {
              questions_.end();
              promise.deliver(std::move(reply));
            },
            [this, promise](caf::error&) mutable {
              questions_.end();
              promise.deliver(silence<Reply>());
            });
    return promise;
  }

  bool reconfigure(const config::root& now) {
    if (now.supervision.stall_alarm != config_.supervision.stall_alarm)
      watch_ = scheduler::stall_watch{now.supervision.stall_alarm};
    config_ = now;
    const auto is_gone = [&now](const auto& item) { return !scheduler::is_lane(now, item.first); };
    std::erase_if(lanes_, is_gone);
    std::erase_if(workers_, is_gone);
    return true;
  }

  caf::result<drain_report> drain(expected<duration> length) {
    if (!length) return refused<drain_report>(length.error());
    if (auto room = questions_.begin(); !room) return refused<drain_report>(room.error());
    drained_by_ = env_->now() + *length;
    env_->log->info("desk: the node takes no new work, as an operator ordered");
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

  caf::result<order_receipt> undrain(expected<void> known) {
    if (!known) return order_receipt{known.error()};
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
  caf::result<order_receipt> detach(expected<void> known) {
    if (!known) return order_receipt{known.error()};
    run_delayed(answer_head_start, [this] { detach_(); });
    return order_receipt{};
  }

  // -- explain: the job, then its lane, its place there, the lane's worker; whoever is silent is left out
  // -----------------------------------------------------------------------------------------------------------

  caf::result<job_explanation> explain(job_id id) {
    if (auto room = questions_.begin(); !room) return job_explanation{room.error()};
    auto about = std::make_shared<inquiry>(inquiry{make_response_promise<job_explanation>(), {}});
    ask(this, reader_, answer_limit, get_details{id})
        .then([this, about](job_details& found) { on_details(about, found); },
              [this, about](caf::error&) {
                answer(*about, error{errc::unavailable, "the part of the fabric that knows is restarting", ""});
              });
    return about->promise;
  }

  void on_details(const std::shared_ptr<inquiry>& about, job_details& found) {
    if (found.failure) return answer(*about, std::move(found.failure));
    about->facts.row = std::move(found.row);
    about->facts.attempts = std::move(found.attempts);
    about->facts.line = found.line;
    if (is_final(about->facts.row.state)) return answer(*about);
    ask(this, lanes_[about->facts.row.lane], answer_limit, get_lanes{})
        .then(
            [this, about](lane_report& said) {
              about->facts.lane = std::move(said.now);
              ask_place(about);
            },
            [this, about](caf::error&) { ask_worker(about); });
  }

  void ask_place(const std::shared_ptr<inquiry>& about) {
    ask(this, lanes_[about->facts.row.lane], answer_limit, get_place{about->facts.row.id})
        .then(
            [this, about](place_report& said) {
              about->facts.place = said.place;
              ask_worker(about);
            },
            [this, about](caf::error&) { ask_worker(about); });
  }

  void ask_worker(const std::shared_ptr<inquiry>& about) {
    ask(this, workers_[about->facts.row.lane], answer_limit, get_nodes{})
        .then(
            [this, about](worker_report& said) {
              about->facts.workers.push_back(std::move(said.now));
              answer(*about);
            },
            [this, about](caf::error&) { answer(*about); });
  }

  void answer(inquiry& about, std::optional<error> failure = {}) {
    questions_.end();
    const auto now = env_->now();
    job_explanation reply;
    reply.failure = std::move(failure);
    if (!reply.failure) {
      reply.reasons = scheduler::explain(about.facts, config_, now);
      reply.parts = scheduler::time_spent(about.facts.row, about.facts.attempts, now);
      for (const auto& part : reply.parts) reply.total += part.length;
      reply.row = std::move(about.facts.row);
    }
    about.promise.deliver(std::move(reply));
  }

  // -- how far an attempt is: its worker's node knows
  // -----------------------------------------------------------------------------------------------------------

  caf::result<progress_report> progress(get_progress m) {
    if (m.node != config_.node.name) return progress_report{error{errc::not_found, "no such node: " + m.node, "/node"}};
    const auto worker = workers_.find(m.lane);
    if (worker == workers_.end()) return progress_report{error{errc::unknown_lane, "no such lane: " + m.lane, "/lane"}};
    if (auto room = questions_.begin(); !room) return progress_report{room.error()};
    auto promise = make_response_promise<progress_report>();
    auto deliver = [this, promise](progress_report said) mutable {
      questions_.end();
      promise.deliver(std::move(said));
    };
    ask(this, worker->second, answer_limit, std::move(m))
        .then([deliver](progress_report& said) mutable { deliver(std::move(said)); },
              [deliver](caf::error&) mutable {
                deliver({error{errc::unavailable, "the part of the fabric that knows is restarting", ""}});
              });
    return promise;
  }

  // -- the alarm
  // -----------------------------------------------------------------------------------------------------------

  void arm() { alarm_.arm(env_->now() + config_.supervision.stall_alarm / 3); }

  void look_at_lanes() {
    auto said = std::make_shared<std::map<std::string, std::optional<lane::status>>>();
    for (const auto& l : config_.lanes) (*said)[l.name] = std::nullopt;
    gather<lane_report>(
        this, lanes_, answer_limit, get_lanes{},
        [said](const std::string& lane, lane_report& answer) { (*said)[lane] = std::move(answer.now); },
        [this, said] {
          for (const auto& [lane, now] : *said)
            if (auto alarm = watch_.observe(lane, now, env_->now())) raise(lane, std::move(*alarm));
          arm();
        });
  }

  void raise(const std::string& lane, std::string text) {
    env_->log->error("desk: {}", text);
    store_operations m{store_client_actor{this}, {}};
    m.asks.push_back({0, store::note{.kind = "stalled", .lane = lane, .node = {}, .id = 0, .text = std::move(text)}});
    tell(this, store_, std::move(m));
  }

  void meet(const directory_entry& m) {
    if (m.name == "store") store_ = caf::actor_cast<store_actor>(m.actor);
    if (m.name == "store_reader") reader_ = caf::actor_cast<store_reader_actor>(m.actor);
    if (m.name.starts_with("lane/")) lanes_[m.name.substr(5)] = caf::actor_cast<lane_actor>(m.actor);
    if (m.name == "config") configurator_ = caf::actor_cast<configurator_actor>(m.actor);
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
  scheduler::stall_watch watch_;
  alarm_clock<desk_shell> alarm_{this, env_, [this] { look_at_lanes(); }};
  store_actor store_;
  store_reader_actor reader_;
  configurator_actor configurator_;
  std::map<std::string, lane_actor> lanes_;
  std::map<std::string, worker_actor> workers_; ///< By lane.
  std::uint64_t ticket_ = 0;
  std::map<std::uint64_t, caf::typed_response_promise<order_receipt>> orders_;
};

} // namespace

desk_actor spawn_desk(caf::actor_system& sys, environment_ptr env, desk_settings how) {
  return sys.spawn<desk_shell>(std::move(env), std::move(how));
}

} // namespace fabric::actors
