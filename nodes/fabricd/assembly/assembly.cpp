#include "nodes/fabricd/assembly/assembly.hpp"

#include "fabric/handlers/thread_executor.hpp"
#include "fabric/scheduler/lane_setup.hpp"

#include "actors/checkpoints.hpp"
#include "actors/messages.hpp"
#include "actors/readers.hpp"
#include "actors/spool_keeper.hpp"
#include "actors/steward.hpp"

#include <unistd.h>

#include <thread>

extern char** environ;

/// What every node has: workers, and those who run attempts for them.
namespace fabric::nodes {

namespace {

std::map<std::string, std::string> own_environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    if (const auto equals = text.find('='); equals != std::string_view::npos)
      all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

void drain_worker(const caf::strong_actor_ptr& whom, time_point deadline) {
  actors::tell_anon(caf::actor_cast<actors::worker_actor>(whom), actors::drain_worker{deadline});
}

} // namespace

supervision::intensity usual_intensity(const config::supervision& s) { return {s.restarts, s.within, s.backoff, 5s}; }

void assembly::list::add(std::string name, std::function<caf::strong_actor_ptr()> start,
                         std::vector<std::string> along) {
  table_.push_back({std::move(name), supervision::rule::permanent, usual_, std::move(start), std::move(along)});
}

void assembly::list::add_once(std::string name, std::function<caf::strong_actor_ptr()> start) {
  table_.push_back({std::move(name), supervision::rule::permanent, {.restarts = 0}, std::move(start), {}});
}

assembly::assembly(caf::actor_system& sys, actors::environment_ptr env, parts with)
    : sys_(sys), env_(std::move(env)), with_(std::move(with)), for_lanes_(with_.live), own_(*with_.live->whole()) {
  if (!own_.all.node.join.empty()) for_lanes_ = std::make_shared<actors::live_config>(own_);
}

caf::strong_actor_ptr assembly::spool_files() {
  return pointer(actors::spawn_spool_files(sys_, with_.paths.spool, with_.out.blocking));
}

caf::strong_actor_ptr assembly::spool_keeper() {
  return pointer(actors::spawn_spool_keeper(sys_, env_, with_.paths.spool, now().spool, with_.out.blocking));
}

caf::strong_actor_ptr assembly::checkpoints() {
  return pointer(actors::spawn_checkpoints(sys_, env_, with_.paths.spool, now(), with_.out.blocking));
}

caf::strong_actor_ptr assembly::steward() {
  return pointer(actors::spawn_steward(sys_, env_, {now(), with_.out.detach}));
}

caf::strong_actor_ptr assembly::runner() {
  const auto all = now();
  actors::runner_settings how;
  how.node = all.node.name;
  how.boot = with_.boot;
  how.socket = with_.paths.socket;
  if (with_.out.runner_command) how.start_command = with_.out.runner_command(all);
  how.config = all;
  how.environment = own_environment();
  how.renewal = all.lease.first / 3;
  how.connect = with_.out.connect;
  how.boottime_us = with_.out.boottime_us;
  how.available_memory = with_.out.available_memory;
  return pointer(actors::spawn_runner(sys_, env_, std::move(how)));
}

caf::strong_actor_ptr assembly::handlers() {
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

caf::strong_actor_ptr assembly::worker(const std::string& lane) {
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

actors::make_executor assembly::on_threads() const {
  return [all = with_.out.handlers, spool = with_.paths.spool, now = env_->now](std::function<void()> wake) {
    return std::make_unique<handlers::thread_executor>(
        handlers::thread_executor_settings{all, spool, now, std::move(wake)});
  };
}

caf::strong_actor_ptr assembly::lane(const std::string& name, const std::shared_ptr<actors::lane_suspect>& suspect) {
  return pointer(actors::spawn_lane(sys_, env_, {name, for_lanes_->get(), policy(), suspect, seed()}));
}

actors::make_policy assembly::policy() const {
  return [env = env_, wrap = with_.out.wrap_policy](const config::root& all) {
    auto made = fabric::scheduler::make_policy(all);
    if (!made) env->fail(2, "routing: " + render(made.error()));
    return wrap ? wrap(*made) : *made;
  };
}

void assembly::add_lane(list& to, const std::string& name) {
  auto& suspect = suspects_[name];
  if (!suspect) suspect = std::make_shared<actors::lane_suspect>();
  to.add("lane/" + name, [a = shared_from_this(), name, suspect] { return a->lane(name, suspect); });
}

void assembly::add_runners(list& to) {
  const auto a = shared_from_this();
  to.add("runner", [a] { return a->runner(); });
  // Started once: a second pool beside the threads of a broken first would not know what they run.
  to.add_once("handlers", [a] { return a->handlers(); });
  for (const auto& l : now().lanes) {
    to.add("worker/" + l.name, [a, name = l.name] { return a->worker(name); });
    to.last().drain = drain_worker;
  }
}

std::vector<actors::child_spec> child_table(caf::actor_system& sys, actors::environment_ptr env, parts with) {
  const bool joins = !with.live->get()->node.join.empty();
  const auto made = std::make_shared<assembly>(sys, std::move(env), std::move(with));
  return joins ? made->joined_table() : made->scheduler_table();
}

} // namespace fabric::nodes
