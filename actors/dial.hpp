#pragma once

#include "fabric/error.hpp"

#include "actors/interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <string>

namespace fabric::actors {

/// Connects to the face that is published at HOST:PORT. First it looks, for 2 s at most, whether somebody listens there
/// at all, and blocks its (detached) actor with it: CAF's own connect would block every other connection of the process
/// for minutes. Then calls `answer` once, in the actor's context; errc::unavailable or errc::bad_input.
void dial_network(uplink_actor::base* self, const std::string& where,
                  std::function<void(expected<client_face_actor>)> answer);

} // namespace fabric::actors
