#include "nodes/fabricd/node.hpp"

#include "fabric/exec/available_memory.hpp"
#include "fabric/exec/descriptors.hpp"
#include "fabric/exec/system.hpp"
#include "fabric/scheduler/lane_homes.hpp"

#include "actors/messages.hpp"
#include "actors/meta_objects.hpp"
#include "actors/system.hpp"
#include "actors/tls_transport.hpp"
#include "nodes/fabricd/assembly/child_table.hpp"
#include "nodes/fabricd/certificates.hpp"
#include "nodes/fabricd/clock.hpp"
#include "nodes/fabricd/node_events.hpp"
#include "nodes/fabricd/node_start.hpp"
#include "nodes/fabricd/service_manager.hpp"
#include "nodes/log/log.hpp"

#include <spdlog/spdlog.h>

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <set>
#include <thread>
#include <utility>

namespace fabric::nodes {

namespace {

constexpr int exit_usage = 2;
constexpr int exit_cannot_start = 3;
constexpr int exit_not_now = 69; ///< A certificate that is not good: the clock, or somebody's copy, changes that.
constexpr int exit_store = 70;
constexpr int exit_actors = 71;
constexpr int exit_leaked = 75;
constexpr duration outage_lease = 5min; ///< What a planned stop grants every lease.
constexpr duration detach_limit = 1s;   ///< For the promise to be gone within 2 s.
constexpr duration handler_grace = 700ms;
constexpr duration node_limit = 400ms; ///< For the nodes of the cell to have heard what they were told.
constexpr duration lookup_limit = 500ms;
constexpr duration answer_limit = 5s;
constexpr duration stop_limit = 5s;
constexpr int tidy_ms = 10'000;          ///< How often unused memory is given back.
constexpr int runner_patience_ms = 2000; ///< A node is ready without its runner after this, and complains.

/// Blocks the signals that the main thread reads; before any thread starts, so that all inherit it.
exec::unique_fd take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : {SIGTERM, SIGINT, SIGUSR2, SIGHUP}) sigaddset(&set, s);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return exec::unique_fd{signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
}

class node_run {
public:
  node_run(const options& how, actors::read_config read, config::loaded config, handler_registry handlers)
      : options_(how), read_(std::move(read)), live_(std::make_shared<actors::live_config>(config)),
        config_(std::move(config.all)), handlers_(std::move(handlers)), paths_(config_.node.data),
        signals_(take_signals()), log_(make_log(config_.log)) {
    auto env = std::make_shared<actors::environment>();
    env->now = make_clock();
    env->log = log_;
    env->fail = [log = log_](int code, const std::string& why) {
      log->critical("{}; exit {}", why, code);
      log->flush();
      _exit(code);
    };
    env_ = std::move(env);
  }

  int run() {
    if (const auto problem = prepare_data(config_)) return cannot_start(*problem, exit_usage);
    paths_ = data_paths{std::filesystem::absolute(config_.node.data).string()};
    parts with{live_, paths_, boot(), outside_world(), {}, options_.config, read_};
    if (const auto problem = joins() ? std::nullopt : open_store(config_, paths_, *log_, with.out)) {
      const bool broken = problem->code == errc::io_error || problem->code == errc::incompatible;
      return cannot_start(*problem, broken ? exit_store : exit_cannot_start);
    }
    certificates shown{config_, log_}; // Behind the store, whose lock says that nobody else does the same.
    const auto who = shown.first();
    if (!who) return cannot_start(who.error(), who.error().code == errc::unavailable ? exit_not_now : exit_usage);
    actors::init_meta_objects();
    actors::on_stray() = [log = log_](const char* actor, const std::string& what) {
      log->debug("{} dropped {}", actor, what);
    };
    caf::actor_system_config cfg;
    actors::configure(cfg, threads());
    caf::actor_system sys{cfg};
    sys_ = &sys;
    actors::tls_transport transport{sys, *who, {}, shown.refusals(), [env = env_](const std::string& why) {
                                      env->fail(exit_actors, "the network part ended: " + why);
                                    }};
    renew_ = [&] {
      if (auto fresh = shown.look()) transport.use(std::move(fresh));
    };
    with.directory = directory_ = actors::spawn_directory(sys);
    supervisor_ = actors::spawn_supervisor(sys, env_, child_table(sys, env_, std::move(with)), directory_);
    loop();
    stop_children();
    log_->flush();
    std::fflush(nullptr);
    _exit(exit_code_); // Everything is closed; waiting for the last reference to every actor would only take time.
  }

private:
  enum class phase { serving, draining, detaching };

  // -- start
  // ------------------------------------------------------------------------------------------------------------

  int cannot_start(const error& problem, int code) {
    log_->critical("cannot start: {}", render(problem));
    return code;
  }

  std::uint64_t boot() const { return static_cast<std::uint64_t>(env_->now().time_since_epoch().count()); }

  std::size_t threads() const {
    if (config_.node.threads > 0) return config_.node.threads;
    // The other half is for the store, the runner and the jobs; waking a second thread costs more than it does.
    return std::clamp<std::size_t>(std::thread::hardware_concurrency() / 2, 1, 8);
  }

  /// Whether another node has the cell's scheduler.
  bool joins() const { return !config_.node.join.empty(); }

  outside outside_world() {
    outside out;
    out.available_memory = exec::available_memory;
    out.descriptors = exec::descriptors_now;
    out.runner_command = [this](const config::root& now) { return runner_command(options_, paths_, now); };
    out.handlers = handlers_;
    out.on_too_many_leaked = [this](std::uint32_t count) { events_.push(handlers_leaked{count}); };
    out.on_published = [this](std::uint16_t port) { events_.push(published{port}); };
    out.on_joined = [this] { events_.push(joined{}); };
    out.detach = [this] { events_.push(detach_ordered{}); };
    out.revise = [this](std::vector<actors::child_spec> table) {
      actors::tell_anon(supervisor_, actors::revise_children{std::move(table)});
    };
    out.of_workers.on_offered = [this](const std::string& worker) { events_.push(worker_offered{worker}); };
    out.of_workers.on_drained = [this](const std::string& worker, const std::vector<node::fate>& fates) {
      events_.push(worker_empty{worker, fates});
    };
    return out;
  }

  // -- life
  // -------------------------------------------------------------------------------------------------------------

  void loop() {
    if (joins()) wait_for_cell();
    while (!done_) {
      pollfd fds[2] = {{signals_.get(), POLLIN, 0}, {events_.fd(), POLLIN, 0}};
      const bool waiting = phase_ == phase::serving && in_cell_ && !said_ready_;
      if (poll(fds, 2, waiting ? runner_patience_ms : tidy_ms) == 0) waiting ? say_ready() : tidy();
      signalfd_siginfo info{};
      while (read(signals_.get(), &info, sizeof(info)) == sizeof(info)) on_signal(static_cast<int>(info.ssi_signo));
      for (auto& e : events_.take()) std::visit([this](auto& what) { on(what); }, e);
    }
  }

  /// The C library keeps what a rush of jobs needed: back with it. And certificates come to their end.
  void tidy() {
    malloc_trim(0);
    renew_();
  }

  void on_signal(int number) {
    if (number == SIGHUP) return reload();
    if (number == SIGUSR2) return detach();
    drain();
  }

  /// Ready for the service manager, which would give up on a node whose scheduler is away.
  void wait_for_cell() {
    tell_service_manager("READY=1");
    log_->info("node {} joins the cell of {}; lanes, routing, limits and leases are the scheduler's", config_.node.name,
               config_.node.join.front());
  }

  void reload() {
    renew_();
    if (joins()) {
      const auto uplink = child<actors::uplink_actor>("uplink");
      if (!uplink) return log_->warn("SIGHUP came too early: the configuration is not read again");
      caf::scoped_actor self{*sys_};
      return actors::ask(self.ptr(), uplink, answer_limit, actors::reload_config{})
          .receive([](actors::change_receipt&) {}, [](caf::error&) {});
    }
    const auto keeper = child<actors::configurator_actor>("config");
    if (!keeper) return log_->warn("SIGHUP came too early: the configuration is not read again");
    actors::tell_anon(keeper, actors::reload_config{});
  }

  void drain() {
    tell_service_manager("STOPPING=1");
    const bool again = std::exchange(phase_, phase::draining) == phase::draining;
    log_->info(again ? "draining: handing back at once" : "draining: no new work; jobs may finish");
    const auto deadline = env_->now() + (again ? duration{0} : live_->get()->node.drain_timeout);
    actors::tell_anon(supervisor_, actors::drain_children{deadline});
    if (joins() && !in_cell_) done_ = true; // There are no workers; what the runner holds it keeps.
  }

  void detach() {
    tell_service_manager("STOPPING=1");
    phase_ = phase::detaching;
    log_->info("detaching: jobs stay with the runner; handlers, which cannot, are handed back");
    // Nothing new begins: it would have no lengthened lease. And nothing is handed back.
    actors::tell_anon(supervisor_, actors::drain_children{env_->now() + 24h});
    bool lengthened = false;
    bool returned = false;
    caf::scoped_actor self{*sys_};
    // Both at once.
    auto handlers = actors::ask(self.ptr(), child<actors::handler_pool_actor>("handlers"), detach_limit,
                                actors::release_handlers{handler_grace});
    auto runner = actors::ask(self.ptr(), child<actors::runner_actor>("runner"), detach_limit,
                              actors::prepare_outage{outage_lease});
    std::move(runner).receive([&](bool ok) { lengthened = ok; }, [](caf::error&) {});
    std::move(handlers).receive([&](bool ok) { returned = ok; }, [](caf::error&) {});
    if (!joins()) hear_nodes(self);
    if (!returned) log_->warn("some handlers do not return: their jobs run again after the next start");
    log_->info("detached: leases {}", lengthened ? "lengthened" : "as they were");
    done_ = true;
  }

  /// The current incarnation of a child; null while it is down.
  template <class Handle> Handle child(const std::string& name) {
    Handle found;
    caf::scoped_actor self{*sys_};
    actors::ask(self.ptr(), directory_, lookup_limit, actors::find_actor{name})
        .receive([&](actors::directory_entry& e) { found = caf::actor_cast<Handle>(e.actor); }, [](caf::error&) {});
    return found;
  }

  void on(const published& e) {
    port_ = e.port;
    in_cell_ = true;
    if (all_offer()) say_ready();
  }

  void on(const joined&) {
    in_cell_ = true;
    if (all_offer()) say_ready();
  }

  void on(const worker_offered& e) {
    offering_.insert(e.worker);
    if (in_cell_ && all_offer()) say_ready();
  }

  /// Whether the workers of all lanes are among these.
  bool all_in(const std::set<std::string>& workers) const {
    const auto now = live_->get();
    return std::all_of(now->lanes.begin(), now->lanes.end(), [&](const auto& l) { return has(workers, l, *now); });
  }

  static bool has(const std::set<std::string>& workers, const config::lane& l, const config::root& now) {
    return workers.contains(l.name + "@" + now.node.name);
  }

  /// A lane that lives elsewhere may live nowhere for now.
  bool all_offer() const {
    const auto now = live_->get();
    return std::all_of(now->lanes.begin(), now->lanes.end(), [&](const auto& l) {
      return has(offering_, l, *now) || (!joins() && !scheduler::lives_with_scheduler(l, now->node));
    });
  }

  void on(const detach_ordered&) {
    if (phase_ == phase::serving) detach();
  }

  /// Once: clients find the scheduler, and jobs find slots; or the latter do not, and the log says why. Never by a node
  /// that drains.
  void say_ready() {
    if (phase_ != phase::serving || std::exchange(said_ready_, true)) return;
    if (!all_offer())
      log_->error("{}; jobs wait until it is", joins() ? "the node's runner, or a lane of the cell, is not there"
                                                       : "the node's runner is not there");
    const auto now = live_->get();
    std::string lanes;
    for (const auto& l : now->lanes) lanes += " " + l.name;
    const auto where = joins() ? "in the cell" : "on port " + std::to_string(port_);
    std::printf("fabricd %s ready %s: policy %s, lanes%s, data %s\n", now->node.name.c_str(), where.c_str(),
                now->routing.policy.c_str(), lanes.c_str(), now->node.data.c_str());
    std::fflush(stdout);
    tell_service_manager("READY=1");
  }

  void on(const handlers_leaked& e) {
    log_->critical("{} handlers do not return; handlers.max_leaked is {}: the node drains and ends with {}", e.count,
                   config_.handlers.max_leaked, exit_leaked);
    exit_code_ = exit_leaked;
    if (phase_ == phase::serving) drain();
  }

  void on(const worker_empty& e) {
    for (const auto& f : e.fates) {
      left_ += f.left ? 1 : 0;
      std::printf("drained %s: job %llu attempt %u: %s\n", e.worker.c_str(), static_cast<unsigned long long>(f.job),
                  f.attempt, f.what.c_str());
    }
    empty_.insert(e.worker);
    if (phase_ == phase::draining && all_in(empty_)) {
      std::printf(left_ == 0 ? "drained: nothing is held\n" : "drained, but for %llu attempts\n",
                  static_cast<unsigned long long>(left_));
      done_ = true;
    }
    std::fflush(stdout);
  }

  // -- end
  // --------------------------------------------------------------------------------------------------------------

  void stop_children() {
    caf::scoped_actor self{*sys_};
    if (phase_ == phase::draining && !joins()) prepare_nodes(self);
    self->monitor(supervisor_);
    actors::tell_anon(supervisor_, actors::stop_children{});
    bool gone = false;
    self->receive([&](const caf::down_msg&) { gone = true; },
                  caf::after(phase_ == phase::detaching ? 400ms : stop_limit) >> [] {});
    if (!gone) log_->warn("some actors did not stop in time");
  }

  /// What runs on other nodes is to survive until this one is back: their leases are lengthened, and they know.
  void prepare_nodes(caf::scoped_actor& self) {
    bool lengthened = false;
    actors::ask(self.ptr(), child<actors::membership_actor>("membership"), detach_limit,
                actors::prepare_outage{outage_lease})
        .receive([&](bool ok) { lengthened = ok; }, [](caf::error&) {});
    if (!lengthened) return log_->warn("leases are as they were: nothing could be committed");
    hear_nodes(self);
  }

  /// Each node has answered something: what was told it before has arrived.
  void hear_nodes(caf::scoped_actor& self) {
    actors::ask(self.ptr(), child<actors::scheduler_actor>("scheduler"), node_limit, actors::get_nodes{})
        .receive([](actors::node_reports&) {}, [](caf::error&) {});
  }

  options options_;
  actors::read_config read_;
  std::shared_ptr<actors::live_config> live_;
  config::root config_; ///< Of the start.
  handler_registry handlers_;
  data_paths paths_;
  exec::unique_fd signals_;
  std::shared_ptr<spdlog::logger> log_;
  node_events events_;
  actors::environment_ptr env_;
  caf::actor_system* sys_ = nullptr; ///< Lives in run().
  actors::directory_actor directory_;
  actors::supervisor_actor supervisor_;
  phase phase_ = phase::serving;
  std::function<void()> renew_;    ///< Looks after the certificates.
  std::set<std::string> offering_; ///< Workers whose slots the lanes know.
  std::set<std::string> empty_;    ///< Workers that are drained.
  std::uint64_t left_ = 0;         ///< Attempts that a drain could not end.
  std::uint16_t port_ = 0;         ///< Published on; 0: not yet.
  bool in_cell_ = false;           ///< The scheduler can be reached, or has been.
  bool said_ready_ = false;
  bool done_ = false;
  int exit_code_ = 0;
};

} // namespace

int run_node(const options& how, actors::read_config read, config::loaded config, handler_registry handlers) {
  return node_run{how, std::move(read), std::move(config), std::move(handlers)}.run();
}

} // namespace fabric::nodes
