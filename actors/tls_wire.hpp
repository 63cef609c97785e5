#pragma once

#include "actors/tls_transport.hpp"

#include <caf/io/scribe.hpp>

#include <chrono>
#include <list>
#include <map>
#include <mutex>
#include <utility>

namespace fabric::actors {

/// What all connections of one transport share. What is marked so is for the middleman's thread only.
class tls_wire {
public:
  using clock = std::chrono::steady_clock;

  tls_wire(tls::context_ptr who, tls_limits limits, refusal_callback told)
      : limits_(limits), told_(std::move(told)), who_(std::move(who)) {}

  const tls_limits& limits() const { return limits_; }

  tls::context_ptr who() const;
  void use(tls::context_ptr who);

  void lend(const std::string& host, std::uint16_t port, tls::connection made);

  /// What was lent for this place, or one that is dialled now.
  expected<tls::connection> connection_to(const std::string& host, std::uint16_t port);

  /// A connection was accepted, which must prove itself in time. Middleman's thread.
  void expect_proof(int socket, caf::io::scribe_ptr of, clock::time_point now);

  /// It did, or is gone. Middleman's thread.
  void forget(int socket);

  /// It failed before. Middleman's thread.
  void refuse(int socket, const std::string& why);

  /// Ends those that took too long. Middleman's thread.
  void look(clock::time_point now);

  /// Ends all that have not proved themselves. Middleman's thread.
  void close();

private:
  struct unproved {
    int socket;
    clock::time_point deadline;
    caf::io::scribe_ptr of; ///< Keeps the socket open, so that its number is nobody else's.
  };

  void tell(int socket, const std::string& why) const;
  void end(std::list<unproved>::iterator which, const std::string& why);

  const tls_limits limits_;
  const refusal_callback told_;

  mutable std::mutex mutex_; ///< Of what follows, up to the list.
  tls::context_ptr who_;
  std::map<std::pair<std::string, std::uint16_t>, tls::connection> lent_;

  std::list<unproved> unproved_; ///< Oldest first.
};

} // namespace fabric::actors
