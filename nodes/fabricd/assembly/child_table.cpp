#include "nodes/fabricd/assembly/child_table.hpp"

#include "fabric/config/endpoint.hpp"
#include "fabric/handlers/thread_executor.hpp"
#include "fabric/scheduler/lane_setup.hpp"

#include "actors/configurator.hpp"
#include "actors/desk.hpp"
#include "actors/events.hpp"
#include "actors/lane.hpp"
#include "actors/membership.hpp"
#include "actors/messages.hpp"
#include "actors/readers.hpp"
#include "actors/scheduler.hpp"
#include "actors/spool_keeper.hpp"
#include "actors/store.hpp"

#include <unistd.h>

#include <map>
#include <thread>

extern char** environ;

namespace fabric::nodes {

namespace {

using actors::child_spec;

constexpr int exit_store = 70;

std::map<std::string, std::string> own_environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    if (const auto equals = text.find('='); equals != std::string_view::npos)
      all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

template <class Handle> caf::strong_actor_ptr pointer(const Handle& actor) {
  return caf::actor_cast<caf::strong_actor_ptr>(actor);
}

void drain_scheduler(const caf::strong_actor_ptr& whom, time_point) {
  actors::tell_anon(caf::actor_cast<actors::scheduler_actor>(whom), actors::close_admission{});
}

void drain_worker(const caf::strong_actor_ptr& whom, time_point deadline) {
  actors::tell_anon(caf::actor_cast<actors::worker_actor>(whom), actors::drain_worker{deadline});
}

/// Everything the factories need; shared by all of them. They are called in the supervisor's context, `table` in the
/// configurator's; the two share only what is thread-safe.
class assembly : public std::enable_shared_from_this<assembly> {
public:
  assembly(caf::actor_system& sys, actors::environment_ptr env, parts with)
      : sys_(sys), env_(std::move(env)), with_(std::move(with)) {}

  supervision::intensity usual() const {
    const auto s = now().supervision;
    return {s.restarts, s.within, s.backoff, 5s};
  }

  caf::strong_actor_ptr store() {
    return pointer(actors::spawn_store(sys_, env_, std::exchange(with_.out.store, nullptr), with_.out.blocking));
  }

  caf::strong_actor_ptr store_reader() {
    return pointer(actors::spawn_store_reader(sys_, reader(), with_.out.blocking));
  }

  caf::strong_actor_ptr spool_reader() {
    return pointer(actors::spawn_spool_reader(sys_, with_.paths.spool, reader(), with_.out.blocking));
  }

  caf::strong_actor_ptr spool_keeper() {
    return pointer(
        actors::spawn_spool_keeper(sys_, env_, with_.paths.spool, now().spool, reader(), with_.out.blocking));
  }

  caf::strong_actor_ptr events() { return pointer(actors::spawn_events(sys_, env_, now().limits.max_waiters)); }

  caf::strong_actor_ptr scheduler() {
    return pointer(actors::spawn_scheduler(sys_, env_, {now(), with_.boot, seed()}, policy()));
  }

  caf::strong_actor_ptr desk() { return pointer(actors::spawn_desk(sys_, env_, {now(), with_.out.detach})); }

  caf::strong_actor_ptr configurator() {
    actors::configurator_settings how;
    how.live = with_.live;
    how.file = with_.file;
    how.read = with_.read;
    how.revise = [self = shared_from_this()] { self->with_.out.revise(self->table()); };
    return pointer(actors::spawn_configurator(sys_, env_, std::move(how)));
  }

  caf::strong_actor_ptr membership() {
    const auto l = now().lease;
    return pointer(actors::spawn_membership(sys_, env_, {l.first, l.max, l.node_silence, 1s, 2s}));
  }

  caf::strong_actor_ptr lane(const std::string& name, const std::shared_ptr<actors::lane_suspect>& suspect) {
    return pointer(actors::spawn_lane(sys_, env_, {name, with_.live->get(), policy(), suspect, seed()}));
  }

  caf::strong_actor_ptr runner() {
    const auto all = now();
    actors::runner_settings how;
    how.node = all.node.name;
    how.boot = with_.boot;
    how.socket = with_.paths.socket;
    how.start_command = with_.out.runner_command;
    how.config = all;
    how.environment = own_environment();
    how.renewal = all.lease.first / 3;
    how.connect = with_.out.connect;
    how.boottime_us = with_.out.boottime_us;
    how.available_memory = with_.out.available_memory;
    return pointer(actors::spawn_runner(sys_, env_, std::move(how)));
  }

  caf::strong_actor_ptr handlers() {
    const auto all = now();
    actors::handler_pool_settings how;
    how.machine = {all.node.name, all, {}, std::max(std::thread::hardware_concurrency(), 1u), all.lease.first / 3};
    for (const auto& [name, function] : with_.out.handlers) how.machine.handlers.insert(name);
    how.boot = with_.boot;
    how.make = with_.out.run_handlers ? with_.out.run_handlers : on_threads();
    how.on_too_many_leaked = [told = with_.out.on_too_many_leaked](std::uint32_t leaked) {
      if (told) told(leaked);
    };
    return pointer(actors::spawn_handler_pool(sys_, env_, std::move(how)));
  }

  caf::strong_actor_ptr worker(const std::string& lane) {
    const auto all = now();
    node::worker_settings how;
    how.node = all.node.name;
    how.name = lane + "@" + how.node;
    how.lane = lane;
    how.boot = with_.boot;
    how.first_seq = incarnations_++ << 32;
    how.slots = scheduler::slots_of(all, lane);
    how.renewal = all.lease.first / 3;
    return pointer(actors::spawn_worker(sys_, env_, std::move(how), with_.out.of_workers));
  }

  caf::strong_actor_ptr publisher() {
    const auto where = config::parse_endpoint(now().node.listen);
    return pointer(actors::spawn_publisher(
        sys_, env_, {where->host, where->port, with_.out.on_published, with_.out.descriptors, with_.out.door},
        with_.out.blocking));
  }

  std::vector<child_spec> table();

private:
  config::root now() const { return *with_.live->get(); }

  std::shared_ptr<fabric::store::job_reader> reader() {
    auto opened = with_.out.open_reader();
    if (!opened) env_->fail(exit_store, "cannot read the store: " + render(opened.error()));
    return std::move(*opened);
  }

  actors::make_policy policy() const {
    return [env = env_, wrap = with_.out.wrap_policy](const config::root& all) {
      auto made = scheduler::make_policy(all);
      if (!made) env->fail(2, "routing: " + render(made.error()));
      return wrap ? wrap(*made) : *made;
    };
  }

  actors::make_executor on_threads() const {
    return [all = with_.out.handlers, spool = with_.paths.spool, now = env_->now](std::function<void()> wake) {
      return std::make_unique<handlers::thread_executor>(
          handlers::thread_executor_settings{all, spool, now, std::move(wake)});
    };
  }

  std::uint64_t seed() { return with_.boot ^ (0x9e3779b97f4a7c15ull * ++seeds_); }

  caf::actor_system& sys_;
  actors::environment_ptr env_;
  parts with_;
  std::map<std::string, std::shared_ptr<actors::lane_suspect>> suspects_; ///< By lane.
  std::uint64_t incarnations_ = 0;                                        ///< Of all workers together.
  std::uint64_t seeds_ = 0;
};

/// The children for the lanes that are configured now.
std::vector<child_spec> assembly::table() {
  using supervision::rule;
  const auto a = shared_from_this();
  const auto all = now();
  const auto usual = this->usual();
  std::vector<std::string> lane_names;
  for (const auto& l : all.lanes) lane_names.push_back("lane/" + l.name);

  std::vector<child_spec> table;
  const auto add = [&](std::string name, std::function<caf::strong_actor_ptr()> start,
                       std::vector<std::string> along = {}) {
    table.push_back({std::move(name), rule::permanent, usual, std::move(start), std::move(along)});
  };
  // The store is opened once: a second opening beside a broken first would guess. Its end is the node's end.
  table.push_back({"store", rule::permanent, {.restarts = 0}, [a] { return a->store(); }, {}});
  add("store_reader", [a] { return a->store_reader(); });
  add("spool_reader", [a] { return a->spool_reader(); });
  add("spool_keeper", [a] { return a->spool_keeper(); });
  add("events", [a] { return a->events(); });
  add("scheduler", [a] { return a->scheduler(); });
  table.back().drain = drain_scheduler;
  add("desk", [a] { return a->desk(); });
  add("config", [a] { return a->configurator(); });
  add(
      "membership", [a] { return a->membership(); }, lane_names); // The lanes tell it the leases as they load.
  for (const auto& l : all.lanes) {
    auto& suspect = suspects_[l.name];
    if (!suspect) suspect = std::make_shared<actors::lane_suspect>();
    add("lane/" + l.name, [a, name = l.name, suspect] { return a->lane(name, suspect); });
  }
  add("runner", [a] { return a->runner(); });
  // Started once: a second pool beside the threads of a broken first would not know what they run.
  table.push_back({"handlers", rule::permanent, {.restarts = 0}, [a] { return a->handlers(); }, {}});
  for (const auto& l : all.lanes) {
    add("worker/" + l.name, [a, name = l.name] { return a->worker(name); });
    table.back().drain = drain_worker;
  }
  add("publisher", [a] { return a->publisher(); });
  return table;
}

} // namespace

data_paths::data_paths(const std::string& data)
    : store(data + "/store.db"), spool(data + "/spool"), socket(data + "/runner.sock"),
      ledger(data + "/runner.ledger") {}

std::vector<child_spec> child_table(caf::actor_system& sys, actors::environment_ptr env, parts with) {
  return std::make_shared<assembly>(sys, std::move(env), std::move(with))->table();
}

} // namespace fabric::nodes
