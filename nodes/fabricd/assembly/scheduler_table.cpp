#include "fabric/config/endpoint.hpp"
#include "fabric/scheduler/lane_homes.hpp"

#include "actors/configurator.hpp"
#include "actors/desk.hpp"
#include "actors/events.hpp"
#include "actors/lane.hpp"
#include "actors/membership.hpp"
#include "actors/messages.hpp"
#include "actors/readers.hpp"
#include "actors/registrar.hpp"
#include "actors/scheduler.hpp"
#include "actors/store.hpp"
#include "nodes/fabricd/assembly/assembly.hpp"

/// The node that has the cell's scheduler, its store and its lanes.
namespace fabric::nodes {

namespace {

constexpr int exit_store = 70;

void drain_scheduler(const caf::strong_actor_ptr& whom, time_point) {
  actors::tell_anon(caf::actor_cast<actors::scheduler_actor>(whom), actors::close_admission{});
}

} // namespace

caf::strong_actor_ptr assembly::store() {
  return pointer(actors::spawn_store(sys_, env_, std::exchange(with_.out.store, nullptr), with_.out.blocking));
}

caf::strong_actor_ptr assembly::store_reader() {
  return pointer(actors::spawn_store_reader(sys_, reader(), with_.out.blocking));
}

caf::strong_actor_ptr assembly::spool_reader() {
  return pointer(actors::spawn_spool_reader(sys_, now().node.name, reader(), with_.out.blocking));
}

caf::strong_actor_ptr assembly::events() { return pointer(actors::spawn_events(sys_, env_, now().limits.max_waiters)); }

caf::strong_actor_ptr assembly::scheduler() {
  return pointer(actors::spawn_scheduler(sys_, env_, {now(), with_.boot, seed()}, policy()));
}

caf::strong_actor_ptr assembly::desk() { return pointer(actors::spawn_desk(sys_, env_, {now()})); }

caf::strong_actor_ptr assembly::configurator() {
  actors::configurator_settings how;
  how.live = with_.live;
  how.file = with_.file;
  how.read = with_.read;
  how.revise = [self = shared_from_this()] { self->with_.out.revise(self->scheduler_table()); };
  return pointer(actors::spawn_configurator(sys_, env_, std::move(how)));
}

caf::strong_actor_ptr assembly::membership() {
  const auto l = now().lease;
  return pointer(actors::spawn_membership(
      sys_, env_, {.first = l.first, .max = l.max, .silence = l.node_silence, .slack = 1s, .late = 2s}));
}

caf::strong_actor_ptr assembly::registrar() {
  return pointer(actors::spawn_registrar(sys_, env_, with_.directory, now(), with_.boot));
}

caf::strong_actor_ptr assembly::publisher() {
  const auto where = config::parse_endpoint(now().node.listen);
  return pointer(actors::spawn_publisher(
      sys_, env_, {where->host, where->port, with_.out.on_published, with_.out.descriptors, with_.out.door},
      with_.out.blocking));
}

std::shared_ptr<fabric::store::job_reader> assembly::reader() {
  auto opened = with_.out.open_reader();
  if (!opened) env_->fail(exit_store, "cannot read the store: " + render(opened.error()));
  return std::move(*opened);
}

std::vector<actors::child_spec> assembly::scheduler_table() {
  const auto a = shared_from_this();
  const auto all = now();
  std::vector<std::string> lane_names;
  for (const auto& l : all.lanes) lane_names.push_back("lane/" + l.name);

  list table{usual_intensity(all.supervision)};
  // The store is opened once: a second opening beside a broken first would guess.
  table.add_once("store", [a] { return a->store(); });
  table.add("store_reader", [a] { return a->store_reader(); });
  table.add("spool_reader", [a] { return a->spool_reader(); });
  table.add("spool_files", [a] { return a->spool_files(); });
  table.add("spool_keeper", [a] { return a->spool_keeper(); });
  table.add("checkpoints", [a] { return a->checkpoints(); });
  table.add("events", [a] { return a->events(); });
  table.add("scheduler", [a] { return a->scheduler(); });
  table.last().drain = drain_scheduler;
  table.add("desk", [a] { return a->desk(); });
  table.add("config", [a] { return a->configurator(); });
  table.add(
      "membership", [a] { return a->membership(); }, lane_names); // The lanes tell it the leases as they load.
  table.add("registrar", [a] { return a->registrar(); });
  for (const auto& l : all.lanes)
    if (fabric::scheduler::lives_with_scheduler(l, all.node)) add_lane(table, l.name);
  add_runners(table);
  table.add("steward", [a] { return a->steward(); });
  table.add("publisher", [a] { return a->publisher(); });
  return table.take();
}

} // namespace fabric::nodes
