#include "actors/tls_wire.hpp"

#include <caf/io/network/interfaces.hpp>
#include <caf/io/network/native_socket.hpp>

#include <sys/socket.h>

#include <algorithm>

namespace fabric::actors {

tls::context_ptr tls_wire::who() const {
  const std::lock_guard lock{mutex_};
  return who_;
}

void tls_wire::use(tls::context_ptr who) {
  const std::lock_guard lock{mutex_};
  who_ = std::move(who);
}

void tls_wire::lend(const std::string& host, std::uint16_t port, tls::connection made) {
  const std::lock_guard lock{mutex_};
  lent_.insert_or_assign({host, port}, std::move(made));
}

expected<tls::connection> tls_wire::connection_to(const std::string& host, std::uint16_t port) {
  {
    const std::lock_guard lock{mutex_};
    if (auto lent = lent_.extract({host, port})) return std::move(lent.mapped());
  }
  return tls::dial(who(), host, port, limits_.dial);
}

void tls_wire::expect_proof(int socket, caf::io::scribe_ptr of, clock::time_point now) {
  if (unproved_.size() >= limits_.unproved_max) end(unproved_.begin(), "too many connections that prove nothing");
  unproved_.push_back({socket, now + limits_.proof, std::move(of)});
}

void tls_wire::forget(int socket) {
  unproved_.remove_if([socket](const unproved& one) { return one.socket == socket; });
}

void tls_wire::refuse(int socket, const std::string& why) {
  if (!why.empty()) tell(socket, why); // Else it went away: probes and scans do.
  forget(socket);
}

void tls_wire::look(clock::time_point now) {
  while (!unproved_.empty() && unproved_.front().deadline <= now)
    end(unproved_.begin(), "nothing that proves who it is came in time");
}

void tls_wire::close() {
  while (!unproved_.empty()) end(unproved_.begin(), {});
}

void tls_wire::tell(int socket, const std::string& why) const {
  if (!told_) return;
  const auto peer = caf::io::network::remote_addr_of_fd(socket);
  told_(peer ? *peer : "somebody", why);
}

/// CAF sees the end of the stream then, and closes the socket itself.
void tls_wire::end(std::list<unproved>::iterator which, const std::string& why) {
  if (!why.empty()) tell(which->socket, why);
  ::shutdown(which->socket, SHUT_RDWR);
  unproved_.erase(which);
}

} // namespace fabric::actors
