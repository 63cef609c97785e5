#pragma once

#include "fabric/error.hpp"

#include "actors/interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <string>

namespace fabric::actors {

/// Connects to the face that is published at HOST:PORT, with mTLS; see dialer() in actors/system.hpp. Calls `answer`
/// once, in the actor's context; errc::unavailable or errc::bad_input.
void dial_network(uplink_actor::base* self, const std::string& where,
                  std::function<void(expected<client_face_actor>)> answer);

} // namespace fabric::actors
