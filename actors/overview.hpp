#pragma once

#include "fabric/config/config.hpp"

#include "actors/compat.hpp"
#include "actors/gather.hpp"
#include "actors/messages.hpp"
#include "actors/pass_on.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

/// What the scheduler gathers for `fabric lanes` and `fabric nodes`. In the scheduler's context; `over` is called when
/// the answer is there, or will not be.
namespace fabric::actors {

/// The lanes of the configuration, with their counts and what each says of itself.
inline lane_reports empty_reports(const config::root& all, lane_reports& counts) {
  lane_reports reply;
  reply.policy = all.routing.policy;
  reply.wasted = std::move(counts.wasted);
  for (const auto& l : all.lanes) {
    lane_report one;
    one.now.name = one.counts.lane = l.name;
    for (const auto& c : counts.lanes)
      if (c.now.name == l.name) one.counts = c.counts;
    reply.lanes.push_back(std::move(one));
  }
  return reply;
}

template <class Self, class Over>
caf::result<lane_reports> ask_lanes(Self* self, const store_reader_actor& reader,
                                    const std::map<std::string, lane_actor>& lanes, const config::root& all,
                                    Over over) {
  auto promise = self->template make_response_promise<lane_reports>();
  const auto on_counts = [self, promise, over, &lanes, &all](lane_reports& counts) mutable {
    auto reply = std::make_shared<lane_reports>(empty_reports(all, counts));
    gather<lane_report>(
        self, lanes, answer_limit, get_lanes{},
        [reply](const std::string& name, lane_report& answer) {
          for (auto& l : reply->lanes)
            if (l.now.name == name) l.now = answer.now;
        },
        [promise = promise, over = over, reply]() mutable {
          over();
          promise.deliver(std::move(*reply));
        });
  };
  ask(self, reader, answer_limit, get_lanes{}).then(on_counts, [promise, over](caf::error&) mutable {
    over();
    promise.deliver(silence<lane_reports>());
  });
  return promise;
}

/// What membership knows of the nodes, what the registrar does, and what each says of its workers; whoever is silent is
/// left out, and the others tell all the same.
template <class Self, class Over>
caf::result<node_reports> ask_nodes(Self* self, const membership_actor& membership, const registrar_actor& registrar,
                                    const std::map<std::string, node_face_actor>& nodes, Over over) {
  auto promise = self->template make_response_promise<node_reports>();
  auto reply = std::make_shared<node_reports>();
  const auto with = [reply](const std::string& name) {
    return std::find_if(reply->nodes.begin(), reply->nodes.end(), [&](const auto& n) { return n.now.node == name; });
  };
  const auto ask_stewards = [self, promise, over, reply, with, &nodes] {
    gather<worker_reports>(
        self, nodes, answer_limit, get_workers{},
        [reply, with](const std::string& name, worker_reports& answer) {
          if (const auto at = with(name); at != reply->nodes.end()) at->workers = std::move(answer.workers);
        },
        [promise = promise, over = over, reply]() mutable {
          over();
          promise.deliver(std::move(*reply));
        });
  };
  const auto on_registered = [reply, with, ask_stewards](registered_nodes& all) {
    for (auto& n : all.nodes)
      if (const auto at = with(n.name); at != reply->nodes.end()) {
        at->labels = std::move(n.labels);
        at->differences = std::move(n.differences);
      }
    ask_stewards();
  };
  const auto on_members = [self, registrar, reply, on_registered, ask_stewards](node_reports& members) {
    *reply = std::move(members);
    ask(self, registrar, answer_limit, get_registered{}).then(on_registered, [ask_stewards](caf::error&) {
      ask_stewards();
    });
  };
  ask(self, membership, answer_limit, get_nodes{}).then(on_members, [promise, over](caf::error&) mutable {
    over();
    promise.deliver(silence<node_reports>());
  });
  return promise;
}

} // namespace fabric::actors
