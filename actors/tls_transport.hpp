#pragma once

#include "fabric/tls/context.hpp"
#include "fabric/tls/dial.hpp"

#include "actors/compat.hpp"

#include <caf/io/middleman_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

/// CAF's remoting over mTLS. CAF has a module for that, which this replaces: there, one peer without a certificate can
/// cut the connections of others (it leaves errors in OpenSSL's queue), silent connections stay for ever, and every
/// connection reads the keys from files, the lack of which aborts the process.
namespace fabric::actors {

class tls_wire;

/// Of those that are dialled.
struct tls_limits {
  duration proof = std::chrono::seconds{5}; ///< For the handshake and the first word behind it.
  std::size_t unproved_max = 256;           ///< Connections at once within it; one more ends the oldest.
  duration dial = std::chrono::seconds{2};  ///< To connect, and as long again to shake hands.
};

/// Called in the middleman's thread when a connection was refused, with the other side's address and the reason.
using refusal_callback = std::function<void(const std::string& peer, const std::string& why)>;

/// Called, in any thread, when the network part of this process has ended: CAF cannot begin another, so the process
/// should end, too. Also called while the system ends.
using network_end_callback = std::function<void(const std::string& why)>;

/// All connections of one actor system that are dialled through dialer(), see system.hpp, or accepted at what is
/// published there. Ends before its system does. Its calls are thread-safe.
class tls_transport {
public:
  tls_transport(caf::actor_system& sys, tls::context_ptr who, tls_limits limits = {}, refusal_callback told = {},
                const network_end_callback& ended = {});
  ~tls_transport();
  tls_transport(const tls_transport&) = delete;
  tls_transport& operator=(const tls_transport&) = delete;

  /// Connections from now on are made with these credentials.
  void use(tls::context_ptr who);

  /// A connection that was dialled already: the next connect to this host and port takes it.
  void lend(const std::string& host, std::uint16_t port, tls::connection made);

private:
  caf::actor_system& sys_;
  std::shared_ptr<tls_wire> wire_;
  caf::io::middleman_actor actor_;
};

} // namespace fabric::actors
