#include "actors/scheduler.hpp"

#include "fabric/job/limits.hpp"
#include "fabric/policy/run_times.hpp"
#include "fabric/scheduler/admission.hpp"
#include "fabric/scheduler/availability.hpp"
#include "fabric/scheduler/intake.hpp"
#include "fabric/scheduler/lane_setup.hpp"
#include "fabric/scheduler/questions.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/events.hpp"
#include "actors/messages.hpp"
#include "actors/overview.hpp"
#include "actors/registrar.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>

namespace fabric::actors {

namespace {

constexpr std::size_t early_max = 64;  ///< Submissions that wait for the store's first word.
constexpr duration view_interval = 1s; ///< The lanes hear of each other at most this often.

class scheduler_shell : public scheduler_actor::base {
public:
  scheduler_shell(caf::actor_config& cfg, environment_ptr env, scheduler_settings how, make_policy policy)
      : scheduler_actor::base(cfg), env_(std::move(env)), how_(std::move(how)), make_policy_(std::move(policy)),
        policy_(make_policy_(how_.config)), random_(how_.seed), alarm_(this, env_, [this] { show_view(); }),
        questions_(how_.config.limits.max_questions) {
    harden(this);
  }

  const char* name() const override { return "fabric.scheduler"; }

  void on_exit() override {
    alarm_.stop();
    store_ = nullptr;
    reader_ = nullptr;
    spool_ = nullptr;
    events_ = nullptr;
    membership_ = nullptr;
    desk_ = nullptr;
    registrar_ = nullptr;
    lanes_.clear();
    nodes_.clear();
    requests_.clear();
    early_.clear();
  }

  behavior_type make_behavior() override {
    return {
        [this](submit_jobs& m) { return submit(m); },
        [this](cancel_jobs& m) {
          return change<store::cancel>(m.ids, [](job_id id) { return store::cancel{id, "cancelled by a client"}; });
        },
        [this](kick_jobs& m) {
          return change<store::kick>(m.ids, [lane = usual_lane()](job_id id) { return store::kick{id, lane}; });
        },
        [this](reset_jobs& m) { return change<store::reset>(m.ids, [](job_id id) { return store::reset{id}; }); },
        [this](get_jobs& m) { return pass<job_page>(reader_, std::move(m)); },
        [this](list_jobs& m) { return pass<job_page>(reader_, std::move(m)); },
        [this](wait_jobs& m) { return wait<job_page>(m); },
        [this](get_details m) { return pass<job_details>(reader_, m); },
        [this](get_events m) { return wait<event_page>(m); },
        [this](read_log m) { return pass<log_piece>(spool_, m, other_node_limit + 1s); },
        [this](get_lanes) { return lanes(); },
        [this](get_nodes) { return nodes(); },
        [this](get_hello) {
          return cell_hello{cell_hello{}.protocol, FABRIC_BUILD, how_.config.node.name, how_.boot, admission_.draining};
        },
        [this](find_desk) { return desk_found{desk_}; },
        [this](find_registrar) {
          return registrar_found{registrar_, card_of_build()};
        },
        [this](config_news& m) { return reconfigure(*m.now); },
        [this](store_commit& m) { on_commit(m); },
        [](lane_loaded&) {},
        [this](lane_progress& m) { on_progress(m); },
        [this](close_admission) { admission_.draining = true; },
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  /// A client's request whose operations are with the store.
  struct pending_request {
    caf::typed_response_promise<receipts> promise;
    receipts reply;
    std::size_t open = 0;
    bool is_question = false; ///< Counted in questions_.
  };
  struct place {
    std::uint64_t request;
    std::size_t index;
    std::uint64_t bytes; ///< As told to intake_; 0: no submission.
  };
  struct early_submission {
    std::uint64_t request;
    std::vector<job_spec> specs;
  };

  // -- what changes jobs
  // ------------------------------------------------------------------------------------------------

  caf::result<receipts> submit(submit_jobs& m) {
    auto [number, r] = open_request(m.specs.size());
    auto promise = r.promise;
    if (intake_.known())
      admit_all(number, r, m.specs);
    else if (early_.size() < early_max)
      early_.push_back({number, std::move(m.specs)});
    else
      refuse(number, r, error{errc::unavailable, "the store has not said yet how many jobs there are", ""});
    return promise;
  }

  void admit_all(std::uint64_t number, pending_request& r, std::vector<job_spec>& specs) {
    store_operations ops{store_client_actor{this}, {}};
    scheduler::ordered_request request;
    for (std::size_t i = 0; i < specs.size() && i < limits::batch_jobs; ++i) {
      auto op = admitted(request, specs[i]);
      if (!op) {
        r.reply.items[i].failure = op.error();
        continue;
      }
      const auto bytes = scheduler::submission_bytes(op->spec);
      intake_.admitted(bytes);
      enqueue(ops, {number, i, bytes}, r, std::move(*op));
    }
    dispatch(number, r, std::move(ops));
  }

  expected<store::submit> admitted(scheduler::ordered_request& request, job_spec& spec) {
    admission_.live_jobs = intake_.live_jobs();
    admission_.inflight_bytes = intake_.bytes();
    auto ok = request.admit(std::move(spec), how_.config, admission_);
    if (!ok) return tl::unexpected{ok.error()};
    const policy::job_facts facts{0, ok->spec.job_class, ok->spec.owner, ok->spec.priority, 0, false};
    auto lane = ok->lane ? std::move(*ok->lane) : policy_->place(facts, view_, draw());
    return store::submit{std::move(ok->spec), std::move(lane), ok->max_attempts, std::move(ok->only_if_known)};
  }

  template <class Op, class Make> caf::result<receipts> change(const std::vector<job_id>& ids, Make make) {
    auto [number, r] = open_request(ids.size());
    auto promise = r.promise;
    if (auto ok = questions_.begin(); !ok) return refuse(number, r, ok.error()), promise;
    r.is_question = true;
    store_operations ops{store_client_actor{this}, {}};
    for (std::size_t i = 0; i < ids.size() && i < limits::batch_jobs; ++i) {
      r.reply.items[i].id = ids[i];
      enqueue(ops, {number, i, 0}, r, make(ids[i]));
    }
    dispatch(number, r, std::move(ops));
    return promise;
  }

  std::pair<std::uint64_t, pending_request&> open_request(std::size_t items) {
    auto& r = requests_[++serial_];
    r.promise = make_response_promise<receipts>();
    r.reply.items.resize(items);
    for (std::size_t i = limits::batch_jobs; i < items; ++i)
      r.reply.items[i].failure = error{errc::too_large, "at most 512 jobs in one request", ""};
    return {serial_, r};
  }

  void enqueue(store_operations& ops, place where, pending_request& r, store::operation op) {
    tickets_[++ticket_] = where;
    ++r.open;
    ops.asks.push_back({ticket_, std::move(op)});
  }

  void dispatch(std::uint64_t number, pending_request& r, store_operations ops) {
    if (r.open == 0) return close(number, r);
    tell(this, store_, std::move(ops));
  }

  void on_commit(store_commit& m) {
    intake_.stored(m.live_jobs);
    for (auto& a : m.answers)
      if (const auto ticket = tickets_.find(a.ticket); ticket != tickets_.end()) { // Else a note.
        const auto where = ticket->second;
        tickets_.erase(ticket);
        on_answer(where, a.reply);
      }
    for (auto& one : std::exchange(early_, {})) admit_all(one.request, requests_.at(one.request), one.specs);
  }

  void on_answer(const place& where, store::answer& reply) {
    if (where.bytes != 0) intake_.answered(where.bytes);
    auto& r = requests_.at(where.request);
    auto& item = r.reply.items[where.index];
    if (reply.id != 0) item.id = reply.id;
    item.duplicate = reply.duplicate;
    item.failure = std::move(reply.failure);
    if (--r.open == 0) close(where.request, r);
  }

  void refuse(std::uint64_t number, pending_request& r, const error& why) {
    for (auto& item : r.reply.items) item.failure = why;
    close(number, r);
  }

  void close(std::uint64_t number, pending_request& r) {
    if (r.is_question) questions_.end();
    r.promise.deliver(std::move(r.reply));
    requests_.erase(number);
  }

  /// Where the policy places a job of which nothing is known.
  std::string usual_lane() { return policy_->place({}, view_, draw()); }

  bool reconfigure(const config::root& now) {
    how_.config = now;
    policy_ = make_policy_(now);
    const auto is_gone = [&now](const auto& item) { return !scheduler::is_lane(now, item.first); };
    std::erase_if(lanes_, is_gone);
    std::erase_if(reports_, is_gone);
    std::erase_if(view_.lanes, is_gone);
    return true;
  }

  double draw() { return std::uniform_real_distribution<double>{0, 1}(random_); }

  // -- what asks
  // --------------------------------------------------------------------------------------------------------

  /// What the events actor will make of it; clients may ask for anything.
  static duration patience(duration wished) { return std::clamp(wished, duration{0}, patience_max); }

  /// The events actor counts who waits.
  template <class Reply, class Question> caf::result<Reply> wait(Question question) {
    auto promise = make_response_promise<Reply>();
    ask(this, events_, patience(question.patience) + answer_limit, question)
        .then([promise](Reply& reply) mutable { promise.deliver(std::move(reply)); },
              [promise](caf::error&) mutable { promise.deliver(silence<Reply>()); });
    return promise;
  }

  /// What is answered soon, under limits.max_questions.
  template <class Reply, class To, class Question>
  caf::result<Reply> pass(const To& to, Question question, duration limit = answer_limit) {
    return pass_on<Reply>(this, questions_, to, limit, std::move(question));
  }

  caf::result<lane_reports> lanes() {
    if (auto ok = questions_.begin(); !ok) return refused<lane_reports>(ok.error());
    return ask_lanes(this, reader_, lanes_, how_.config, [this] { questions_.end(); });
  }

  caf::result<node_reports> nodes() {
    if (auto ok = questions_.begin(); !ok) return refused<node_reports>(ok.error());
    return ask_nodes(this, membership_, caf::actor_cast<registrar_actor>(registrar_), nodes_,
                     [this] { questions_.end(); });
  }

  // -- what the policy sees
  // ---------------------------------------------------------------------------------------------

  void on_progress(const lane_progress& m) {
    view_.lanes[m.now.name] = {m.now.ready, m.now.oldest_wait, m.now.slots, m.now.busy};
    reports_[m.now.name] = m.now;
    for (const auto& f : m.finished) {
      policy_->finished(f.job, f.how, f.run_time);
      if (f.how == outcome::succeeded) run_times_.add(f.job.job_class, f.run_time);
    }
    admission_.unavailable = scheduler::unavailable_classes(how_.config, reports_);
    show_view();
  }

  /// Now, or as soon as the lanes may hear of each other again.
  void show_view() {
    const auto now = env_->now();
    if (now - viewed_ < view_interval) return alarm_.arm(viewed_ + view_interval);
    viewed_ = now;
    view_.classes = run_times_.view();
    for (const auto& [name, lane] : lanes_) tell(this, lane, view_update{view_});
  }

  void meet(const directory_entry& m) {
    if (m.name == "store") {
      store_ = caf::actor_cast<store_actor>(m.actor);
      store_operations hello{store_client_actor{this}, {}};
      hello.asks.push_back({++ticket_, store::note{.kind = "scheduler_started",
                                                   .lane = {},
                                                   .node = how_.config.node.name,
                                                   .id = 0,
                                                   .text = "the scheduler takes jobs"}});
      tell(this, store_, std::move(hello));
    }
    if (m.name == "desk") desk_ = m.actor;
    if (m.name == "store_reader") reader_ = caf::actor_cast<store_reader_actor>(m.actor);
    if (m.name == "spool_reader") spool_ = caf::actor_cast<spool_reader_actor>(m.actor);
    if (m.name == "events") events_ = caf::actor_cast<events_actor>(m.actor);
    if (m.name == "membership") membership_ = caf::actor_cast<membership_actor>(m.actor);
    if (m.name.starts_with("lane/")) lanes_[m.name.substr(5)] = caf::actor_cast<lane_actor>(m.actor);
    if (m.name == "registrar") registrar_ = m.actor;
    if (m.name.starts_with("node/")) meet_node(m.name.substr(5), m.actor);
  }

  void meet_node(const std::string& node, const caf::strong_actor_ptr& steward) {
    if (steward)
      nodes_[node] = caf::actor_cast<node_face_actor>(steward);
    else
      nodes_.erase(node);
  }

  environment_ptr env_;
  scheduler_settings how_;
  make_policy make_policy_;
  std::shared_ptr<policy::lane_policy> policy_;
  std::mt19937_64 random_;
  alarm_clock<scheduler_shell> alarm_;
  scheduler::admission_state admission_;
  scheduler::intake intake_;
  scheduler::questions questions_;
  std::vector<early_submission> early_; ///< Until the store has said how many jobs it holds.
  policy::view view_;
  policy::run_times run_times_;
  std::map<std::string, lane::status> reports_; ///< By lane, the newest.
  time_point viewed_{};
  store_actor store_;
  store_reader_actor reader_;
  spool_reader_actor spool_;
  events_actor events_;
  membership_actor membership_;
  caf::strong_actor_ptr desk_;
  caf::strong_actor_ptr registrar_;
  std::map<std::string, lane_actor> lanes_;
  std::map<std::string, node_face_actor> nodes_; ///< Those that are here, by name.
  std::uint64_t serial_ = 0;
  std::uint64_t ticket_ = 0;
  std::map<std::uint64_t, pending_request> requests_;
  std::map<std::uint64_t, place> tickets_;
};

} // namespace

scheduler_actor spawn_scheduler(caf::actor_system& sys, environment_ptr env, scheduler_settings how,
                                make_policy policy) {
  return sys.spawn<scheduler_shell>(std::move(env), std::move(how), std::move(policy));
}

} // namespace fabric::actors
