#include "tests/actors/world.hpp"

#include "fabric/policy/registry.hpp"

#include "actors/events.hpp"
#include "actors/lane.hpp"
#include "actors/membership.hpp"
#include "actors/meta_objects.hpp"
#include "actors/readers.hpp"
#include "actors/scheduler.hpp"
#include "actors/store.hpp"
#include "actors/worker.hpp"
#include "tests/actors/compat_test.hpp"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <stdexcept>

namespace fabric::actors::testing {

namespace {

constexpr std::uint64_t boot = 7;
constexpr std::uint64_t seed = 1;
constexpr int steps_max = 1'000'000; ///< Whoever needs more spins.
constexpr time_point start_of_time{std::chrono::hours{24 * 365 * 50}};

config::job_class runs_true() {
  config::job_class c;
  c.command = {"/bin/true"};
  return c;
}

template <class Handle> caf::strong_actor_ptr pointer(const Handle& actor) {
  return caf::actor_cast<caf::strong_actor_ptr>(actor);
}

} // namespace

config::root world_settings::defaults() {
  auto all = config::defaults();
  all.node.name = "a1";
  all.classes["work"] = runs_true();
  all.classes["poison"] = runs_true();
  return all;
}

job_spec spec(const std::string& job_class, std::uint32_t max_attempts) {
  job_spec s;
  s.job_class = job_class;
  s.max_attempts = max_attempts;
  return s;
}

world::world(world_settings how) : how_(std::move(how)) {
  init_meta_objects();
  settings_.set("caf.scheduler.policy", "testing");
  system_ = std::make_unique<caf::actor_system>(settings_);
  system_->await_actors_before_shutdown(false);
  cafs_own_ = system_->registry().running();
  auto env = std::make_shared<environment>();
  env->now = [this] { return now(); };
  env->log = std::make_shared<spdlog::logger>("world", std::make_shared<spdlog::sinks::null_sink_mt>());
  env->fail = [this](int code, const std::string& why) { failures.emplace_back(code, why); };
  env_ = std::move(env);
  if (!how_.with_node) return;
  supervise(child_table());
  if (how_.at_once) how_.at_once(*this);
  run();
}

world::~world() {
  try {
    stop();
  } catch (const std::exception&) { // Somebody spins; the test has said so.
  }
  timeouts(*system_).clear();
}

/// CAF's own way waits for ever for an actor that nobody runs.
void world::stop() {
  for (const auto& s : supervisors_) tell_anon(s, stop_children{});
  run();
  supervisors_.clear();
  newest_.clear();
  directory_ = nullptr;
}

void world::run() {
  for (int step = 0; step < steps_max; ++step)
    if (!coordinator(*system_).try_run_once() && coordinator(*system_).advance_time(caf::timespan{0}) == 0) return;
  throw std::runtime_error("somebody spins");
}

void world::advance(duration d) {
  run();
  const auto end = coordinator(*system_).clock().now() + d;
  for (auto next = next_timeout(*system_); next && *next <= end; next = next_timeout(*system_)) {
    coordinator(*system_).advance_time(*next - coordinator(*system_).clock().now());
    run();
  }
  coordinator(*system_).advance_time(end - coordinator(*system_).clock().now());
  run();
}

void world::skip(duration d) { coordinator(*system_).advance_time(d); }

std::size_t world::timers() const { return wanted_timeouts(*system_); }

std::size_t world::alive() const { return system_->registry().running() - cafs_own_; }

time_point world::now() const {
  const auto passed = coordinator(*system_).clock().now().time_since_epoch();
  return start_of_time + std::chrono::duration_cast<duration>(passed);
}

void world::crash(const std::string& name) { caf::anon_send_exit(newest_.at(name), caf::exit_reason::kill); }

void world::kill(const std::string& name) {
  crash(name);
  run();
}

std::uint64_t world::starts(const std::string& name) {
  for (const auto& child : ask_now<child_reports>(supervisors_.front(), get_children{}).children)
    if (child.name == name) return child.starts;
  throw std::runtime_error("no child " + name);
}

supervisor_actor world::supervise(std::vector<child_spec> children) {
  directory_ = spawn_directory(*system_);
  supervisors_.push_back(spawn_supervisor(*system_, env_, std::move(children), directory_));
  return supervisors_.back();
}

// -- the child table, as fabricd has it
// --------------------------------------------------------------------------------------------------------

child_spec world::child(const std::string& name, std::function<caf::strong_actor_ptr()> start, drain_child drain) {
  const auto& s = how_.config.supervision;
  return {name,
          supervision::rule::permanent,
          {s.restarts, s.within, s.backoff, 5s},
          [this, name, start = std::move(start)] {
            ++starts_[name];
            return newest_[name] = start();
          },
          {},
          std::move(drain)};
}

std::vector<child_spec> world::child_table() {
  std::vector<child_spec> table;
  const auto in_scheduler = spawn_as::in_scheduler;
  table.push_back(child("store", [=, this] { return pointer(spawn_store(*system_, env_, store, in_scheduler)); }));
  table.back().limit = {.restarts = 0};
  table.push_back(
      child("store_reader", [=, this] { return pointer(spawn_store_reader(*system_, store->rows, in_scheduler)); }));
  table.push_back(
      child("events", [this] { return pointer(spawn_events(*system_, env_, how_.config.limits.max_waiters)); }));
  table.push_back(child(
      "scheduler",
      [this] {
        return pointer(spawn_scheduler(*system_, env_, {how_.config, boot, seed}, make_policy()));
      },
      [](const caf::strong_actor_ptr& whom, time_point) {
        tell_anon(caf::actor_cast<scheduler_actor>(whom), close_admission{});
      }));
  const auto& l = how_.config.lease;
  table.push_back(child("membership", [this, l] {
    return pointer(spawn_membership(*system_, env_, {l.first, l.max, l.node_silence, 1s, 2s}));
  }));
  for (const auto& lane : how_.config.lanes) table.back().takes_along.push_back("lane/" + lane.name);
  for (const auto& lane : how_.config.lanes) {
    fabric::lane::settings how;
    how.name = lane.name;
    how.budget = lane.budget;
    how.grace = lane.grace;
    how.lane_count = static_cast<std::uint32_t>(how_.config.lanes.size());
    const auto suspect = std::make_shared<lane_suspect>();
    table.push_back(child("lane/" + lane.name, [this, how, suspect] {
      return pointer(spawn_lane(*system_, env_, how, make_policy(), suspect, seed));
    }));
  }
  table.push_back(child("runner", [this] { return spawn_runner_link(); }));
  for (const auto& lane : how_.config.lanes)
    table.push_back(child(
        "worker/" + lane.name, [this, lane] { return spawn_worker_of(lane); },
        [](const caf::strong_actor_ptr& whom, time_point by) {
          tell_anon(caf::actor_cast<worker_actor>(whom), drain_worker{by});
        }));
  return table;
}

std::shared_ptr<policy::lane_policy> world::make_policy() const {
  std::vector<policy::lane_info> lanes;
  for (const auto& l : how_.config.lanes) {
    policy::lane_info info;
    info.name = l.name;
    info.budget = l.budget;
    lanes.push_back(std::move(info));
  }
  auto made = policy::make_policy(how_.config.routing.policy, std::move(lanes), {}).value();
  return how_.wrap ? how_.wrap(std::move(made)) : made;
}

caf::strong_actor_ptr world::spawn_runner_link() {
  runner_settings how;
  how.node = how_.config.node.name;
  how.boot = boot;
  how.config = how_.config;
  how.connect = [this](runner_wire::callback say) { return process.connect(std::move(say)); };
  how.boottime_us = [this] { return now().time_since_epoch().count(); };
  return pointer(spawn_runner(*system_, env_, std::move(how)));
}

caf::strong_actor_ptr world::spawn_worker_of(const config::lane& l) {
  node::worker_settings how;
  how.node = how_.config.node.name;
  how.name = l.name + "@" + how.node;
  how.lane = l.name;
  how.boot = boot;
  how.first_seq = workers_++ << 32;
  how.slots = l.slots;
  return pointer(
      spawn_worker(*system_, env_, std::move(how),
                   [this](const std::string& worker, const std::vector<node::fate>& f) { drained[worker] = f; }));
}

// -- a client's words
// --------------------------------------------------------------------------------------------------------------------

job_id world::submit(const std::string& job_class, std::uint32_t max_attempts) {
  const auto reply = ask_now<receipts>(scheduler(), submit_jobs{{spec(job_class, max_attempts)}});
  if (reply.items.at(0).failure) throw std::runtime_error(render(*reply.items[0].failure));
  return reply.items[0].id;
}

receipt world::cancel(job_id id) { return ask_now<receipts>(scheduler(), cancel_jobs{{id}}).items.at(0); }

receipt world::kick(job_id id) { return ask_now<receipts>(scheduler(), kick_jobs{{id}}).items.at(0); }

void world::drain(duration patience) {
  for (const auto& s : supervisors_) tell_anon(s, drain_children{now() + patience});
  run();
}

// -- the truth
// ---------------------------------------------------------------------------------------------------------------------

job world::row(job_id id) const { return store->rows->find(id).value(); }

std::vector<attempt> world::attempts(job_id id) const { return store->rows->attempts(id).value(); }

} // namespace fabric::actors::testing
