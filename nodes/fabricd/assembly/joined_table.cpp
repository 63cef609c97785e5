#include "fabric/config/cell_terms.hpp"
#include "fabric/config/change.hpp"
#include "fabric/config/dump.hpp"

#include "actors/configurator.hpp"
#include "actors/messages.hpp"
#include "actors/registrar.hpp"
#include "actors/uplink.hpp"
#include "nodes/fabricd/assembly/assembly.hpp"

#include <spdlog/spdlog.h>

/// A node that runs jobs for the cell that it joins.
namespace fabric::nodes {

caf::strong_actor_ptr assembly::uplink() {
  actors::uplink_settings how;
  how.how.where = own_.all.node.join;
  how.how.first_session = uplinks_++ << 32;
  how.directory = with_.directory;
  how.seed = seed();
  how.dial = with_.out.dial;
  how.on_joined = with_.out.on_joined;
  how.now = [live = with_.live, lanes = for_lanes_](const std::string& child) {
    return (child.starts_with("lane/") ? lanes : live)->get();
  };
  how.host = [self = shared_from_this()](const std::vector<std::string>& lanes) { self->host(lanes); };
  how.card = [self = shared_from_this()] { return self->card(); };
  how.apply = [self = shared_from_this()](const std::string& terms) { return self->apply(terms); };
  how.reload = [self = shared_from_this()](bool dry_run) { return self->reload(dry_run); };
  return pointer(actors::spawn_uplink(sys_, env_, std::move(how)));
}

scheduler::node_card assembly::card() const {
  scheduler::node_card card;
  card.build = actors::card_of_build();
  card.name = own_.all.node.name;
  card.boot = with_.boot;
  card.labels = own_.all.node.labels;
  card.slots = own_.all.node.workers;
  for (const auto& [name, one] : own_.all.classes) card.classes[name] = config::class_hash(one);
  return card;
}

expected<void> assembly::apply(const std::string& terms) {
  auto all = config::under_terms(own_.all, terms);
  auto for_lanes = config::lane_terms(own_.all, terms);
  if (!all || !for_lanes) return tl::unexpected{all ? for_lanes.error() : all.error()};
  terms_ = terms;
  with_.live->set({std::move(*all), own_.from});
  for_lanes_->set({std::move(*for_lanes), {}});
  with_.out.revise(joined_table());
  return {};
}

void assembly::host(const std::vector<std::string>& lanes) {
  std::set<std::string> next{lanes.begin(), lanes.end()};
  if (std::exchange(hosted_, next) != next) with_.out.revise(joined_table());
}

actors::change_receipt assembly::reload(bool dry_run) {
  actors::change_receipt reply;
  auto next = actors::read_again(with_.read, with_.file, *env_->log, reply);
  if (!next) return reply;
  reply.failure = config::needs_restart(own_.all, next->all);
  reply.changes = config::differences(own_.all, next->all);
  if (reply.failure) env_->log->error("config: {}", render(*reply.failure));
  if (reply.failure || dry_run) return reply;
  own_ = std::move(*next);
  for (const auto& line : reply.changes) env_->log->info("config: {}", line);
  if (!terms_.empty())
    if (auto ok = apply(terms_); !ok) reply.failure = ok.error();
  return reply;
}

/// Slots, runner and workers come with the lanes.
std::vector<actors::child_spec> assembly::joined_table() {
  const auto a = shared_from_this();
  list table{usual_intensity(now().supervision)};
  table.add("steward", [a] { return a->steward(); });
  if (!terms_.empty()) {
    table.add("spool_files", [a] { return a->spool_files(); });
    table.add("spool_keeper", [a] { return a->spool_keeper(); });
    table.add("checkpoints", [a] { return a->checkpoints(); });
    for (const auto& lane : hosted_) add_lane(table, lane);
    add_runners(table);
  }
  table.add("uplink", [a] { return a->uplink(); });
  return table.take();
}

} // namespace fabric::nodes
