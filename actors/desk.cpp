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

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace fabric::actors {

namespace {

constexpr duration change_limit = 30s; ///< For another configuration to be in force.
/// For an empty node to say so: the longest drain, and what its steward takes for it.
constexpr duration drain_limit = scheduler::longest_drain + 30s;

class desk_shell : public desk_actor::base {
public:
  desk_shell(caf::actor_config& cfg, environment_ptr env, desk_settings how)
      : desk_actor::base(cfg), env_(std::move(env)), config_(std::move(how.config)),
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
    nodes_.clear();
    orders_.clear();
    with_nodes_.clear();
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
        [this](drain_node& m) { return pass_to_node<drain_report>(std::move(m), drain_limit); },
        [this](undrain_node& m) { return pass_to_node<order_receipt>(std::move(m), answer_limit + 1s); },
        [this](detach_node& m) { return pass_to_node<order_receipt>(std::move(m), answer_limit + 1s); },
        [this](config_news& m) { return reconfigure(*m.now); },
        [this](get_progress& m) { return pass_to_node<progress_report>(std::move(m), answer_limit + 1s); },
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

  /// A question that a node has.
  struct open_question {
    std::string node;
    std::function<void(const std::string& why)> give_up;
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
    return pass_on<Reply>(this, questions_, configurator_, change_limit, std::move(question));
  }

  template <class Reply, class Question> caf::result<Reply> pass_to_node(Question question, duration limit) {
    const auto meant = scheduler::node_meant(question.node, config_.node.name, names());
    if (!meant) return refused<Reply>(meant.error());
    question.node = *meant;
    if (auto room = questions_.begin(); !room) return refused<Reply>(room.error());
    auto promise = make_response_promise<Reply>();
    const auto ticket = ++ticket_;
    const auto give_up = [promise](const std::string& why) mutable {
      promise.deliver(refused<Reply>({errc::unavailable, why, ""}));
    };
    with_nodes_[ticket] = {*meant, give_up};
    ask(this, nodes_[*meant], limit, std::move(question))
        .then(
            [this, ticket, promise](Reply& reply) mutable {
              if (with_nodes_.erase(ticket) == 0) return;
              questions_.end();
              promise.deliver(std::move(reply));
            },
            [this, ticket](caf::error&) { leave_node(ticket, "does not answer"); });
    return promise;
  }

  void leave_node(std::uint64_t ticket, const char* what) {
    const auto found = with_nodes_.find(ticket);
    if (found == with_nodes_.end()) return;
    found->second.give_up("node " + found->second.node + " " + what);
    with_nodes_.erase(found);
    questions_.end();
  }

  /// CAF tells nobody that a question was on its way to a node that is gone.
  void lose_node(const std::string& node) {
    nodes_.erase(node);
    std::vector<std::uint64_t> open;
    for (const auto& [ticket, question] : with_nodes_)
      if (question.node == node) open.push_back(ticket);
    for (const auto ticket : open)
      leave_node(ticket, "was lost before it answered; fabric nodes shows what became of it");
  }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, steward] : nodes_) all.push_back(name);
    return all;
  }

  bool reconfigure(const config::root& now) {
    if (now.supervision.stall_alarm != config_.supervision.stall_alarm)
      watch_ = scheduler::stall_watch{now.supervision.stall_alarm};
    config_ = now;
    const auto is_gone = [&now](const auto& item) { return !scheduler::is_lane(now, item.first); };
    std::erase_if(lanes_, is_gone);
    return true;
  }

  // -- explain: the job, then its lane, its place there, the lane's workers; whoever is silent is left out
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
    gather<worker_reports>(
        this, nodes_, answer_limit, get_workers{},
        [about](const std::string&, worker_reports& said) {
          for (auto& w : said.workers)
            if (w.lane == about->facts.row.lane) about->facts.workers.push_back(std::move(w));
        },
        [this, about] { answer(*about); });
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
    if (!m.name.starts_with("node/")) return;
    if (m.actor)
      nodes_[m.name.substr(5)] = caf::actor_cast<node_face_actor>(m.actor);
    else
      lose_node(m.name.substr(5));
  }

  environment_ptr env_;
  config::root config_;
  scheduler::questions questions_;
  scheduler::stall_watch watch_;
  alarm_clock<desk_shell> alarm_{this, env_, [this] { look_at_lanes(); }};
  store_actor store_;
  store_reader_actor reader_;
  configurator_actor configurator_;
  std::map<std::string, lane_actor> lanes_;
  std::map<std::string, node_face_actor> nodes_; ///< Those that are here, by name.
  std::uint64_t ticket_ = 0;
  std::map<std::uint64_t, caf::typed_response_promise<order_receipt>> orders_;
  std::map<std::uint64_t, open_question> with_nodes_;
};

} // namespace

desk_actor spawn_desk(caf::actor_system& sys, environment_ptr env, desk_settings how) {
  return sys.spawn<desk_shell>(std::move(env), std::move(how));
}

} // namespace fabric::actors
