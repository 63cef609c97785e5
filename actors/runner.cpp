#include "actors/runner.hpp"

#include "fabric/config/classes.hpp"
#include "fabric/exec/runner_process.hpp"
#include "fabric/exec/system.hpp"
#include "fabric/node/command.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/overloaded.hpp"

#include <spdlog/spdlog.h>

#include <unistd.h>

#include <algorithm>

namespace fabric::actors {

namespace {

constexpr duration retry_first = 50ms;       ///< Between attempts to connect to a runner that is starting; doubles,
constexpr duration retry_max = 2s;           ///< up to this: one that cannot start is not started in a hot loop.
constexpr std::ptrdiff_t prune_max = 10'000; ///< Directories in one frame.

class runner_shell : public runner_actor::base {
public:
  runner_shell(caf::actor_config& cfg, environment_ptr env, runner_settings how)
      : runner_actor::base(cfg), env_(std::move(env)), how_(std::move(how)), process_(how_.start_command),
        alarm_(this, env_, [this] { on_alarm(); }) {
    harden(this);
    if (!how_.connect)
      how_.connect = [socket = how_.socket](runner_wire::callback f) { return connect_wire(socket, std::move(f)); };
    if (!how_.boottime_us) how_.boottime_us = exec::boottime_us;
  }

  const char* name() const override { return "fabric.runner"; }

  behavior_type make_behavior() override {
    classes_ = runnable_classes();
    alarm_.arm(env_->now());
    return {
        [this](runner_orders& m) { on_orders(m); },
        [this](join_runner& m) { on_join(m); },
        [this](leases_renewed& m) { on_renewed(m); },
        [this](pruned_jobs& m) { on_pruned(m); },
        [this](prepare_outage m) { return prepare(m); },
        [this](link_frames& m) { on_frames(m); },
        [this](tick) { on_alarm(); },
        [this](directory_entry& m) { meet(m); },
    };
  }

  void on_exit() override {
    alarm_.stop();
    // A runner of our own has no reason to stay when nothing is held; one with attempts waits for the next fabricd.
    if (link_ && ready_ && held_.empty() && !how_.start_command.empty()) link_->send(exec::leave{});
    link_.reset();
    workers_.clear();
    membership_ = nullptr;
    outage_.reset();
  }

private:
  struct worker_seat {
    worker_actor handle;
    std::uint32_t slots = 0;
  };
  /// What the runner holds, from its hello on.
  struct held {
    held_attempt what;
    time_point started{};
  };

  // -- the connection
  // --------------------------------------------------------------------------------------------------

  void on_alarm() {
    const auto now = env_->now();
    if (!link_) connect();
    if (ready_ && now >= next_renewal_) renew();
    if (!link_) {
      alarm_.arm(now + retry_);
      retry_ = std::min(retry_ * 2, retry_max);
    }
    if (ready_) alarm_.arm(next_renewal_); // A runner that has not said hello yet is waited for.
  }

  void connect() {
    const auto connection = ++connection_;
    auto made =
        how_.connect([self = runner_actor{this}, connection](std::vector<exec::from_runner> frames, bool closed) {
          tell_anon(self, link_frames{connection, std::move(frames), closed});
        });
    if (made) {
      link_ = std::move(*made);
      next_renewal_ = env_->now();
    } else if (auto problem = process_.ensure_started()) {
      env_->log->error("runner: cannot start: {}", render(*problem));
    }
  }

  void on_frames(link_frames& m) {
    if (m.connection != connection_) return;
    std::map<std::string, runner_news> news;
    for (auto& frame : m.frames) std::visit([&](auto& f) { on(f, news); }, frame);
    for (auto& [lane, items] : news)
      if (const auto seat = workers_.find(lane); seat != workers_.end())
        tell(this, seat->second.handle, std::move(items));
    if (m.closed) on_closed();
  }

  void on_closed() {
    env_->log->warn("runner: the connection closed");
    link_.reset();
    ready_ = false;
    held_.clear();
    for (const auto& [lane, seat] : workers_) tell(this, seat.handle, runner_news{{node::runner_down{}}});
    alarm_.arm(env_->now());
  }

  // -- frames of the runner
  // --------------------------------------------------------------------------------------------

  using news_by_lane = std::map<std::string, runner_news>;

  void on(exec::hello& f, news_by_lane& news) {
    if (f.protocol != exec::protocol_version) {
      env_->fail(1, "the runner at " + how_.socket + " speaks protocol " + std::to_string(f.protocol) + ", this is " +
                        std::to_string(exec::protocol_version) + ": stop it when its jobs are done");
      return;
    }
    const auto now = env_->now();
    held_.clear();
    for (auto& h : f.held) held_[h.fence] = {h, now - h.ran};
    ends_to_come_ = f.finished;
    resize();
    if (ends_to_come_ == 0) become_ready(news);
  }

  void on(exec::was_started& f, news_by_lane& news) {
    const auto found = held_.find(f.fence);
    if (found == held_.end()) return;
    found->second.started = boot_instant(f.started_us);
    news[found->second.what.lane].items.emplace_back(node::runner_started{f.fence, found->second.started});
  }

  void on(exec::was_refused& f, news_by_lane& news) {
    env_->log->warn("runner: refused fence {}: {}", f.fence, f.why);
    leave_with(f.fence, news, node::runner_refused{f.fence, f.why});
  }

  void on(exec::has_ended& f, news_by_lane& news) {
    held_.erase(f.what.fence);
    ended_[f.what.fence] = f.what;
    news[f.what.lane].items.emplace_back(node::runner_ended{std::move(f.what)});
    if (ends_to_come_ > 0 && --ends_to_come_ == 0) become_ready(news);
  }

  void on(exec::slot_leaked& f, news_by_lane& news) {
    env_->log->error("runner: a process of fence {} cannot be killed, its slot is closed: {}", f.fence, f.why);
    leave_with(f.fence, news, node::runner_leaked{f.fence, f.why});
  }

  template <class Event> void leave_with(fence_t fence, news_by_lane& news, Event what) {
    const auto found = held_.find(fence);
    if (found == held_.end()) return;
    news[found->second.what.lane].items.emplace_back(std::move(what));
    held_.erase(found);
  }

  /// The runner has said all it holds: now the workers may speak of it.
  void become_ready(news_by_lane& news) {
    ready_ = true;
    retry_ = retry_first;
    if (how_.on_ready) how_.on_ready();
    next_renewal_ = env_->now();
    for (const auto& [lane, seat] : workers_) tell_all(lane, news[lane]);
    alarm_.arm(next_renewal_);
  }

  /// Ends first, also those that a worker before this one was told of: it may not have lived to pass them on.
  void tell_all(const std::string& lane, runner_news& news) const {
    for (const auto& [fence, ended] : ended_)
      if (ended.lane == lane) news.items.emplace_back(node::runner_ended{ended});
    news.items.emplace_back(node::runner_up{held_of(lane)});
  }

  std::vector<held_attempt> held_of(const std::string& lane) const {
    std::vector<held_attempt> found;
    for (const auto& [fence, h] : held_) {
      if (h.what.lane != lane) continue;
      found.push_back(h.what);
      found.back().ran = env_->now() - h.started;
    }
    return found;
  }

  // -- orders of the workers
  // --------------------------------------------------------------------------------------------

  void on_join(join_runner& m) {
    workers_[m.lane] = {m.from, m.slots};
    resize();
    tell(this, m.from, runner_news{{node::classes_changed{classes_}}});
    if (!ready_) return;
    runner_news all;
    tell_all(m.lane, all);
    tell(this, m.from, std::move(all));
  }

  void resize() {
    std::uint32_t slots = 0;
    for (const auto& [lane, seat] : workers_) slots += seat.slots;
    if (link_) link_->send(exec::resize{slots});
  }

  void on_orders(runner_orders& m) {
    runner_news back;
    for (auto& item : m.items)
      std::visit(overloaded{
                     [&](node::run_attempt& e) { run(e, back); },
                     [&](node::stop_attempt& e) {
                       if (link_) link_->send(exec::stop{e.order.fence, e.order.why, e.order.grace.count()});
                     },
                     [&](node::forget_attempt& e) {
                       ended_.erase(e.fence);
                       if (link_) link_->send(exec::forget{e.fence});
                     },
                     [](auto&) {},
                 },
                 item);
    if (back.items.empty()) return;
    if (const auto seat = workers_.find(m.lane); seat != workers_.end())
      tell(this, seat->second.handle, std::move(back));
  }

  void run(node::run_attempt& e, runner_news& back) {
    if (!ready_) {
      back.items.emplace_back(node::runner_refused{e.order.fence, "the node's runner is away"});
      return;
    }
    const auto* job_class = config::find_class(how_.config, e.order.job_class);
    auto command = job_class ? node::render(*job_class, e.order.job_class, e.order.input, how_.environment)
                             : expected<node::command_line>{fail(errc::unknown_class, "this node has no such class")};
    if (!command) {
      attempt_ended ended;
      ended.fence = e.order.fence;
      ended.job = e.order.job;
      ended.attempt = e.order.attempt;
      ended.lane = e.order.lane;
      ended.end.how = outcome::failed;
      ended.end.reason = "the command cannot be built: " + render(command.error());
      ended_[ended.fence] = ended;
      back.items.emplace_back(node::runner_ended{std::move(ended)});
      return;
    }
    held_[e.order.fence] = {{e.order.fence, e.order.job, e.order.attempt, duration{0}, e.order.lane}, env_->now()};
    link_->send(to_frame(e, std::move(*command)));
  }

  exec::run to_frame(node::run_attempt& e, node::command_line command) const {
    exec::run frame;
    frame.fence = e.order.fence;
    frame.job = e.order.job;
    frame.attempt = e.order.attempt;
    frame.grace_us = grace_of(e.order.lane).count();
    frame.job_class = std::move(e.order.job_class);
    frame.lane = std::move(e.order.lane);
    frame.node_name = how_.node;
    frame.argv = std::move(command.argv);
    frame.env = std::move(command.env);
    frame.cwd = std::move(command.cwd);
    frame.user = std::move(command.user);
    frame.input = std::move(e.order.input);
    frame.deadline_us = boot_micros(e.deadline);
    frame.wall_us = command.wall.count();
    frame.output_max = command.output_max;
    return frame;
  }

  duration grace_of(const std::string& lane) const {
    for (const auto& l : how_.config.lanes)
      if (l.name == lane) return l.grace;
    return config::lane{}.grace;
  }

  /// Classes whose executable is here now; what is not shows up when it appears.
  std::vector<std::string> runnable_classes() const {
    std::vector<std::string> names;
    for (const auto& [name, c] : how_.config.classes)
      if (c.enabled && !c.command.empty() && access(c.command[0].c_str(), X_OK) == 0) names.push_back(name);
    if (how_.config.allow_ad_hoc) names.emplace_back(config::ad_hoc_class);
    std::sort(names.begin(), names.end());
    return names;
  }

  void check_classes() {
    auto names = runnable_classes();
    if (names == classes_) return;
    classes_ = std::move(names);
    for (const auto& [lane, seat] : workers_) tell(this, seat.handle, runner_news{{node::classes_changed{classes_}}});
  }

  // -- leases
  // -----------------------------------------------------------------------------------------------------------

  void renew() {
    const auto now = env_->now();
    check_classes();
    next_renewal_ = now + how_.renewal;
    renewals_[++renewal_seq_] = now;
    if (renewals_.size() > 8) renewals_.erase(renewals_.begin());
    renew_leases m{runner_actor{this}, {how_.node, how_.boot, renewal_seq_, {}}};
    for (const auto& [fence, h] : held_) m.what.fences.push_back(fence);
    tell(this, membership_, std::move(m));
  }

  /// A lease counts from when the renewal that it answers was sent.
  void on_renewed(const leases_renewed& m) {
    const auto sent = renewals_.find(m.what.seq);
    if (sent == renewals_.end() || !link_ || m.what.lengths.empty()) return;
    exec::extend frame;
    for (const auto& [fence, length] : m.what.lengths)
      frame.deadlines_us.emplace_back(fence, boot_micros(sent->second + length));
    link_->send(frame);
    if (outage_ && m.what.seq >= outage_seq_) {
      outage_->deliver(true);
      outage_.reset();
    }
  }

  caf::result<bool> prepare(prepare_outage m) {
    auto promise = make_response_promise<bool>();
    ask(this, membership_, 1s, m)
        .then(
            [this, promise](bool) mutable {
              if (!ready_ || held_.empty()) return promise.deliver(true);
              renew();
              outage_seq_ = renewal_seq_;
              outage_ = promise;
            },
            [promise](caf::error&) mutable { promise.deliver(false); });
    return promise;
  }

  void on_pruned(const pruned_jobs& m) {
    if (!link_) return;
    auto attempts = m.attempts;
    for (const auto& job : m.jobs)
      for (std::uint32_t n = 0; n <= job.attempts; ++n) attempts.emplace_back(job.id, n); // 0: its checkpoints.
    for (auto at = attempts.begin(); at != attempts.end();) {
      const auto next = at + std::min<std::ptrdiff_t>(attempts.end() - at, prune_max);
      link_->send(exec::prune{{at, next}});
      at = next;
    }
  }

  void meet(const directory_entry& m) {
    if (m.name != "membership") return;
    membership_ = caf::actor_cast<membership_actor>(m.actor);
    if (ready_) renew();
  }

  /// The fabric's clock and CLOCK_BOOTTIME run at the same speed; only their zero differs.
  std::int64_t boot_micros(time_point at) const { return how_.boottime_us() + (at - env_->now()).count(); }
  time_point boot_instant(std::int64_t us) const { return env_->now() + duration{us - how_.boottime_us()}; }

  environment_ptr env_;
  runner_settings how_;
  exec::runner_process process_;
  alarm_clock<runner_shell> alarm_;
  membership_actor membership_;
  std::map<std::string, worker_seat> workers_; ///< By lane.
  std::vector<std::string> classes_;           ///< That can run here, sorted.
  std::unique_ptr<runner_wire> link_;
  std::uint64_t connection_ = 0;
  duration retry_ = retry_first;
  bool ready_ = false;
  std::uint32_t ends_to_come_ = 0;
  std::map<fence_t, held> held_;
  std::map<fence_t, attempt_ended> ended_; ///< Reported by the runner and not forgotten yet.
  time_point next_renewal_{};
  std::uint64_t renewal_seq_ = 0;
  std::map<std::uint64_t, time_point> renewals_; ///< When each renewal was sent.
  std::optional<caf::typed_response_promise<bool>> outage_;
  std::uint64_t outage_seq_ = 0;
};

} // namespace

runner_actor spawn_runner(caf::actor_system& sys, environment_ptr env, runner_settings how) {
  return sys.spawn<runner_shell>(std::move(env), std::move(how));
}

} // namespace fabric::actors
