#include "tests/actors/world.hpp"

#include "actors/meta_objects.hpp"
#include "tests/actors/compat_test.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <stdexcept>

namespace fabric::actors::testing {

namespace {

constexpr std::uint64_t boot = 7;
constexpr int steps_max = 1'000'000; ///< Whoever needs more spins.
constexpr time_point start_of_time{std::chrono::hours{24 * 365 * 50}};

config::job_class runs_true() {
  config::job_class c;
  c.command = {"/bin/true"};
  return c;
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
  on_stray() = [this](const char* actor, const std::string& what) { strays[actor].push_back(what); };
  if (!how_.with_node) return;
  live = std::make_shared<live_config>(config::loaded{how_.config, {}});
  directory_ = spawn_directory(*system_);
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
  on_stray() = nullptr;
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

std::vector<std::string> world::children() {
  std::vector<std::string> names;
  for (const auto& child : ask_now<child_reports>(supervisors_.front(), get_children{}).children)
    names.push_back(child.name);
  return names;
}

std::uint64_t world::starts(const std::string& name) {
  for (const auto& child : ask_now<child_reports>(supervisors_.front(), get_children{}).children)
    if (child.name == name) return child.starts;
  throw std::runtime_error("no child " + name);
}

supervisor_actor world::supervise(std::vector<child_spec> children) {
  if (!directory_) directory_ = spawn_directory(*system_);
  supervisors_.push_back(spawn_supervisor(*system_, env_, std::move(children), directory_));
  return supervisors_.back();
}

// -- the child table of fabricd, its incarnations counted
// --------------------------------------------------------------------------------------------

std::vector<child_spec> world::child_table() {
  auto table = nodes::child_table(
      *system_, env_,
      {live, nodes::data_paths{how_.data}, boot, outside_world(), directory_, "world.json", [this] { return file; }});
  return counted(std::move(table));
}

std::vector<child_spec> world::counted(std::vector<child_spec> table) {
  for (auto& child : table)
    child.start = [this, name = child.name, start = std::move(child.start)] {
      ++starts_[name];
      return newest_[name] = start();
    };
  return table;
}

nodes::outside world::outside_world() {
  nodes::outside out;
  out.store = store;
  out.open_reader = [this] { return store->rows; };
  out.connect = [this](runner_wire::callback say) { return process.connect(std::move(say)); };
  out.boottime_us = [this] { return now().time_since_epoch().count(); };
  out.door.publish = [this](const client_face_actor& face, std::uint16_t port) {
    published.push_back(face);
    return port;
  };
  out.door.unpublish = [this](const client_face_actor& face, std::uint16_t) { std::erase(published, face); };
  out.available_memory = how_.available_memory;
  out.descriptors = how_.descriptors;
  out.handlers["calculate"] = [](job_context&) { return nlohmann::json{}; };
  out.run_handlers = [this](std::function<void()> wake) { return threads.make(std::move(wake)); };
  out.on_too_many_leaked = [this](std::uint32_t leaked) { too_many_leaked = leaked; };
  out.blocking = spawn_as::in_scheduler;
  out.wrap_policy = how_.wrap;
  out.on_published = [](std::uint16_t) {};
  out.detach = [this] { ++detached; };
  out.revise = [this](std::vector<child_spec> table) {
    tell_anon(supervisor(), revise_children{counted(std::move(table))});
  };
  out.of_workers.on_offered = [this](const std::string& worker) { offered.push_back(worker); };
  out.of_workers.on_drained = [this](const std::string& worker, const std::vector<node::fate>& f) {
    if (on_drained) on_drained(worker);
    drained[worker] = f;
  };
  return out;
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
