#pragma once

#include "fabric/error.hpp"
#include "fabric/node/joining.hpp"
#include "fabric/scheduler/registrar.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"
#include "actors/wire.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fabric::actors {

/// Answered with the face that is published there, or why there is none. Called in the uplink's context; `answer` too.
using dial_face = std::function<void(uplink_actor::base* self, const std::string& where,
                                     std::function<void(expected<client_face_actor>)> answer)>;

struct uplink_settings {
  node::joining_settings how;
  std::function<scheduler::node_card()> card; ///< What the node says of itself now; session and what it holds aside.
  directory_actor directory;                  ///< Of this node: where the cell's names go.
  /// The cell's terms, new or changed; what fits them is in force when it returns. errc::bad_input.
  std::function<expected<void>(const std::string& terms)> apply;
  std::function<void(const std::vector<std::string>& lanes)> host; ///< The lanes that are to live here.
  /// The configuration in force for a child of this node.
  std::function<std::shared_ptr<const config::root>(const std::string& child)> now;
  std::function<change_receipt(bool dry_run)> reload; ///< Reads the node's own file again.
  std::function<void()> on_joined;                    ///< Called each time. Unset: nobody is told.
  std::uint64_t seed = 0;
  dial_face dial; ///< Unset: over the network.
};

/// Spawns the uplink: performs what node::joining decides. While the node has joined, the names of lanes, membership,
/// store and its reader mean, in this node's directory, those of the scheduler's node.
uplink_actor spawn_uplink(caf::actor_system& sys, environment_ptr env, uplink_settings how);

} // namespace fabric::actors
