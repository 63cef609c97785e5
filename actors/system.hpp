#pragma once

#include "actors/compat.hpp"

#include <caf/io/middleman_actor.hpp>

#include <cstddef>

namespace fabric::actors {

/// Sets what every process of the fabric wants of CAF: the sharing scheduler with explicit threads (stealing burns CPU
/// when idle and adds up to 10 ms), heartbeats, no automatic connections, nothing read from files or the environment.
/// @param threads of the scheduler, at least 1.
void configure(caf::actor_system_config& cfg, std::size_t threads);

/// The actor through which this system connects and publishes with mTLS: it takes CAF's connect_atom, host, port and
/// publish_atom, as CAF's own middleman actor does, and is a detached actor: a connect may block it for twice
/// tls_limits::dial. Null unless there is a tls_transport. A failed connect is answered with an error whose text says
/// why in words. Its answer to get_atom, node_id (of a node that is connected) is that id, whom the node's certificate
/// names (see tls::identity_from) and a port.
caf::io::middleman_actor dialer(caf::actor_system& sys);

} // namespace fabric::actors
