#include "actors/lane.hpp"

#include "fabric/scheduler/lane_setup.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/overloaded.hpp"

#include <spdlog/spdlog.h>

#include <map>
#include <optional>
#include <type_traits>
#include <utility>

namespace fabric::actors {

namespace {

/// Numbers are shown to the scheduler at most this often, and only after something happened here.
constexpr duration progress_interval = 500ms;

constexpr duration confess_again = 5s; ///< After a confession for which the store had no space.

/// The ticket of the one operation that the shell itself asks for.
constexpr std::uint64_t death_ticket = ~std::uint64_t{0};

class lane_shell : public lane_actor::base {
public:
  lane_shell(caf::actor_config& cfg, environment_ptr env, lane_birth how)
      : lane_actor::base(cfg), env_(std::move(env)), name_(how.name), suspect_(std::move(how.suspect)),
        make_policy_(std::move(how.policy)),
        machine_(scheduler::lane_settings(*how.config, name_), make_policy_(*how.config), how.seed),
        alarm_(this, env_, [this] { step({lane::tick{}}); }) {
    harden(this);
  }

  const char* name() const override { return "fabric.lane"; }

  void on_exit() override {
    alarm_.stop();
    store_ = nullptr;
    membership_ = nullptr;
    scheduler_ = nullptr;
    lanes_.clear();
    workers_.clear();
  }

  behavior_type make_behavior() override {
    return {
        [this](config_news& m) { return reconfigure(*m.now); },
        [this](store_commit& m) { on_commit(m); },
        [this](lane_loaded& m) {
          step({lane::page{std::move(m.rows), m.after}});
        },
        [this](worker_news& m) { on_news(m); },
        [this](lease_verdict& m) { step(std::move(m.items)); },
        [this](slot_offer& m) { step({std::move(m.what)}); },
        [this](carry_question& m) { step({std::move(m.what)}); },
        [this](carry_answer& m) { step({m.what}); },
        [this](view_update& m) { turn({lane::view_changed{std::move(m.now)}}); },
        [this](get_lanes) {
          return lane_report{machine_.report(env_->now()), {}};
        },
        [this](get_place m) { return place_report{machine_.place_of(m.id)}; },
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  /// Everything that one turn sends, one message per destination.
  struct outbox {
    std::vector<store_ask> asks;
    std::map<std::string, lane_orders> orders;
    lease_news leases;
  };

  bool reconfigure(const config::root& now) {
    step({scheduler::lane_news(now, name_, make_policy_(now))});
    return true;
  }

  void on_commit(store_commit& m) {
    std::vector<lane::event> events;
    for (auto& a : m.answers)
      if (a.ticket == death_ticket)
        on_confessed(a.reply);
      else
        events.emplace_back(std::move(a));
    if (!m.changes.empty()) events.emplace_back(lane::feed{std::move(m.changes)});
    step(std::move(events));
  }

  void on_news(worker_news& m) {
    workers_[m.node] = m.from;
    std::vector<lane::event> events;
    for (auto& item : m.items)
      std::visit(overloaded{[&](node::tell_want& e) { events.emplace_back(lane::wanted{std::move(e.what)}); },
                            [&](node::tell_started& e) {
                              events.emplace_back(lane::started{e.what, m.node});
                            },
                            [&](node::tell_refused& e) {
                              events.emplace_back(lane::refused{std::move(e.what), m.node});
                            },
                            [&](node::tell_ended& e) {
                              events.emplace_back(lane::ended{std::move(e.what), m.node});
                            },
                            [&](node::tell_absent& e) {
                              events.emplace_back(lane::absent{e.what, m.node});
                            },
                            [](auto&) {}},
                 item);
    step(std::move(events));
  }

  void step(std::vector<lane::event> events) {
    turn(std::move(events));
    show_progress();
    set_alarm();
  }

  /// As a step, but the scheduler is shown nothing: it is what it has told.
  void turn(std::vector<lane::event> events) {
    outbox out;
    for (const auto& e : events)
      for (auto& todo : decide(e)) {
        const auto id = lane::job_of(todo);
        suspecting([id] { return id; }, [&] { perform(todo, out); });
      }
    post(out);
    if (confess_at_ && env_->now() >= *confess_at_) confess();
    set_alarm();
  }

  void set_alarm() {
    for (const auto at : {machine_.wake_at(), confess_at_, show_at_}) alarm_.arm(at);
  }

  lane::effects decide(const lane::event& e) {
    return suspecting([this] { return machine_.current_job(); }, [&] { return machine_.handle(e, env_->now()); });
  }

  /// What is thrown ends this incarnation; the next one confesses over which job.
  template <class Who, class Work> std::invoke_result_t<Work> suspecting(Who who, Work work) {
    try {
      return work();
    } catch (...) {
      if (const auto id = who(); id != 0) suspect_->id = id; // Else one that is not confessed yet stays.
      throw;
    }
  }

  void perform(lane::effect& todo, outbox& out) {
    std::visit(
        overloaded{
            [&](lane::ask_store& e) {
              out.asks.push_back({e.ticket, std::move(e.op)});
            },
            [&](lane::load_page& e) {
              tell(this, store_, load_lane_page{store_client_actor{this}, name_, e.after, e.limit});
            },
            [&](lane::tell_start& e) { out.orders[e.node].items.emplace_back(node::lane_start{std::move(e.order)}); },
            [&](lane::tell_stop& e) { out.orders[e.node].items.emplace_back(node::lane_stop{e.order}); },
            [&](lane::tell_forget& e) { forget(e, out); },
            [&](lane::lease_began& e) {
              out.leases.items.emplace_back(scheduler::attempt_leased{e.fence, e.id, name_, e.node, e.length});
            },
            [&](lane::lease_closed& e) {
              out.leases.items.emplace_back(scheduler::attempt_closed{e.fence, name_});
            },
            [&](lane::offer& e) {
              to_lane(e.to, slot_offer{{name_, e.seq, e.slots, e.received, e.classes}});
            },
            [&](lane::ask_carry& e) {
              to_lane(e.to, carry_question{{name_, e.fence, e.id, e.node, e.ran}});
            },
            [&](lane::refuse_carry& e) { to_lane(e.to, carry_answer{{e.fence}}); },
            [&](lane::tell_take& e) { out.orders[e.node].items.emplace_back(node::lane_take{e.order}); },
            [&](lane::finished& e) { finished_.push_back(std::move(e)); },
            [&](lane::alarm& e) { env_->log->warn("lane {}: {} (job {})", name_, e.text, e.id); },
        },
        todo);
  }

  void post(outbox& out) {
    if (!out.asks.empty()) tell(this, store_, store_operations{store_client_actor{this}, std::move(out.asks)});
    for (auto& [node, orders] : out.orders)
      if (const auto to = workers_.find(node); to != workers_.end()) tell(this, to->second, std::move(orders));
    if (!out.leases.items.empty()) tell(this, membership_, std::move(out.leases));
  }

  void forget(const lane::tell_forget& e, outbox& out) const {
    if (!e.node.empty()) return out.orders[e.node].items.emplace_back(node::lane_forget{e.fence}), void();
    for (const auto& [node, worker] : workers_) out.orders[node].items.emplace_back(node::lane_forget{e.fence});
  }

  template <class Message> void to_lane(const std::string& name, Message what) {
    if (const auto to = lanes_.find(name); to != lanes_.end()) tell(this, to->second, std::move(what));
  }

  /// What happens within the interval is shown at its end.
  void show_progress() {
    const auto now = env_->now();
    show_at_ = shown_ + progress_interval;
    if (now < *show_at_) return;
    show_at_.reset();
    shown_ = now;
    tell(this, scheduler_, lane_progress{machine_.report(now), std::exchange(finished_, {})});
  }

  void meet(const directory_entry& m) {
    if (m.name == "store") {
      store_ = caf::actor_cast<store_actor>(m.actor);
      confess();
      step({lane::open{}});
    } else if (m.name == "membership") {
      meet_membership(caf::actor_cast<membership_actor>(m.actor));
    } else if (m.name == "scheduler") {
      scheduler_ = caf::actor_cast<scheduler_actor>(m.actor);
      step({}); // It knows nothing of this lane.
    } else if (m.name.starts_with("lane/") && m.name != "lane/" + name_) {
      lanes_[m.name.substr(5)] = caf::actor_cast<lane_actor>(m.actor);
    }
  }

  /// Another one knows none of the leases: the lane reads its jobs again, and tells it. At home it is ended instead.
  void meet_membership(membership_actor now) {
    const bool is_another = membership_ && membership_ != now;
    membership_ = std::move(now);
    if (is_another) step({lane::open{}});
  }

  /// The incarnation before this one died over a job: the store counts it against the job. Kept until it has.
  void confess() {
    confess_at_.reset();
    confessed_ = suspect_->id;
    if (confessed_ == 0) return;
    store_operations m{store_client_actor{this}, {}};
    m.asks.push_back({death_ticket, store::lane_died{name_, confessed_, "the lane actor died over this job"}});
    tell(this, store_, std::move(m));
  }

  void on_confessed(const store::answer& reply) {
    if (reply.failure && reply.failure->code == errc::disk_full)
      confess_at_ = env_->now() + confess_again;
    else
      suspect_->id.compare_exchange_strong(confessed_, 0);
  }

  environment_ptr env_;
  std::string name_;
  std::shared_ptr<lane_suspect> suspect_;
  make_policy make_policy_;
  lane::machine machine_;
  alarm_clock<lane_shell> alarm_;
  store_actor store_;
  membership_actor membership_;
  scheduler_actor scheduler_;
  std::map<std::string, lane_actor> lanes_;
  std::map<std::string, worker_actor> workers_; ///< By node; the newest that spoke.
  time_point shown_{};
  std::optional<time_point> show_at_;
  std::vector<lane::finished> finished_; ///< Not shown yet.
  job_id confessed_ = 0;                 ///< What the store was asked to count.
  std::optional<time_point> confess_at_;
};

} // namespace

lane_actor spawn_lane(caf::actor_system& sys, environment_ptr env, lane_birth how) {
  return sys.spawn<lane_shell>(std::move(env), std::move(how));
}

} // namespace fabric::actors
