#include "tests/actors/guest.hpp"

#include <nlohmann/json.hpp>

namespace fabric::actors::testing {

config::root guest::named(const std::string& name) {
  auto all = world_settings::defaults();
  all.node.name = name;
  all.node.join = {"cell:7600"};
  return all;
}

guest::guest(world& cell, config::root config, std::uint64_t boot, const std::string& data)
    : process([&cell] { return cell.now(); }), threads([&cell] { return cell.now(); }),
      live(std::make_shared<live_config>(config::loaded{config, {}})), file(config::loaded{config, {}}), cell_(cell) {
  directory_ = spawn_directory(cell.system());
  nodes::parts with{live,         nodes::data_paths{data}, boot, outside_world(), directory_,
                    "guest.json", [this] { return file; }};
  auto table = counted(nodes::child_table(cell.system(), cell.env(), std::move(with)));
  supervisor_ = spawn_supervisor(cell.system(), cell.env(), std::move(table), directory_);
  cell.run();
}

guest::~guest() {
  tell_anon(supervisor_, stop_children{});
  cell_.run();
}

void guest::kill(const std::string& name) {
  caf::anon_send_exit(newest_.at(name), caf::exit_reason::kill);
  cell_.run();
}

/// The supervisor's restart of the uplink dials in vain.
void guest::cut_off() {
  reachable = false;
  kill("uplink");
}

void guest::drain(duration patience) {
  tell_anon(supervisor_, drain_children{cell_.now() + patience});
  cell_.run();
}

std::vector<child_spec> guest::counted(std::vector<child_spec> table) {
  for (auto& child : table)
    child.start = [this, name = child.name, start = std::move(child.start)] { return newest_[name] = start(); };
  return table;
}

nodes::outside guest::outside_world() {
  nodes::outside out;
  out.connect = [this](runner_wire::callback say) { return process.connect(std::move(say)); };
  out.boottime_us = [this] { return cell_.now().time_since_epoch().count(); };
  out.dial = [this](uplink_actor::base*, const std::string& where,
                    const std::function<void(expected<client_face_actor>)>& answer) {
    dialed.push_back(where);
    if (!reachable || cell_.published.empty()) return answer(fail(errc::unavailable, "nobody listens"));
    answer(cell_.published.back());
  };
  out.handlers["calculate"] = [](job_context&) { return nlohmann::json{}; };
  out.run_handlers = [this](std::function<void()> wake) { return threads.make(std::move(wake)); };
  out.blocking = spawn_as::in_scheduler;
  out.on_joined = [this] { ++joined; };
  out.detach = [this] { ++detached; };
  out.revise = [this](std::vector<child_spec> table) {
    tell_anon(supervisor_, revise_children{counted(std::move(table))});
  };
  out.of_workers.on_drained = [this](const std::string& worker, const std::vector<node::fate>& f) {
    drained[worker] = f;
  };
  return out;
}

} // namespace fabric::actors::testing
