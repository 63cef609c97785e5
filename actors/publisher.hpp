#pragma once

#include "fabric/error.hpp"
#include "fabric/node/descriptor_watch.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace fabric::actors {

/// What an actor is published through.
struct door {
  /// Makes the actor reachable on that port, or any for 0; returns which.
  std::function<expected<std::uint16_t>(const client_face_actor&, std::uint16_t port)> publish;
  std::function<void(const client_face_actor&, std::uint16_t port)> unpublish;
};

struct publisher_settings {
  std::string host;       ///< An address in numbers, or localhost.
  std::uint16_t port = 0; ///< 0: any; the same one again after a restart of the scheduler.
  /// Called in the publisher's context when the scheduler can be reached, with the port.
  std::function<void(std::uint16_t)> on_published;
  /// What descriptors are free; read once a second. Unset: nobody looks.
  std::function<node::descriptors()> descriptors{};
  door through{}; ///< Unset: mTLS, through dialer(). In tests: something that counts.
};

/// Spawns the actor that publishes the scheduler, and publishes it again after it was restarted (detached: it waits
/// for CAF's middleman). A port that cannot be had ends the process with exit code 3. While descriptors are few nothing
/// is published: those who are connected stay so, for others there is nobody.
directory_client_actor spawn_publisher(caf::actor_system& sys, environment_ptr env, publisher_settings how,
                                       spawn_as as = spawn_as::detached);

} // namespace fabric::actors
