#include "fabric/tls/session.hpp"

#include "fabric/exec/system.hpp"
#include "fabric/tls/openssl.hpp"
#include "fabric/tls/socket_bio.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>

namespace fabric::tls {

namespace {

constexpr std::size_t piece_max = std::size_t{1} << 30; ///< OpenSSL counts in int.

} // namespace

session::session(context_ptr who, SSL* ssl, side which) : who_(std::move(who)), ssl_(ssl), side_(which) {}

session::~session() { SSL_free(ssl_); }

std::unique_ptr<session> session::make(context_ptr who, int socket, side which) {
  ssl_ptr ssl{SSL_new(who->get())};
  auto* wire = ssl ? socket_bio(socket) : nullptr;
  if (!wire) {
    ERR_clear_error();
    return nullptr;
  }
  SSL_set_bio(ssl.get(), wire, wire);
  which == side::dials ? SSL_set_connect_state(ssl.get()) : SSL_set_accept_state(ssl.get());
  return std::unique_ptr<session>{new session(std::move(who), ssl.release(), which)};
}

step session::handshake() {
  if (established()) return step::done;
  ERR_clear_error();
  const auto how = judge(SSL_do_handshake(ssl_));
  if (how != step::done) return how;
  auto facts = facts_of(SSL_get0_peer_certificate(ssl_)); // There is one, which names somebody: context.cpp.
  if (side_ == side::dials && facts.whom->what != role::scheduler) {
    failure_ = "who answers there is " + to_text(*facts.whom) + ", and no scheduler";
    return step::failed;
  }
  peer_ = std::move(facts.whom);
  return step::done;
}

step session::read(void* into, std::size_t room, std::size_t& moved) {
  moved = 0;
  if (const auto how = handshake(); how != step::done) return how;
  ERR_clear_error();
  const int n = SSL_read(ssl_, into, static_cast<int>(std::min(room, piece_max)));
  if (n > 0) moved = static_cast<std::size_t>(n);
  return judge(n);
}

step session::write(const void* from, std::size_t size, std::size_t& moved) {
  moved = 0;
  if (const auto how = handshake(); how != step::done || size == 0) return how;
  ERR_clear_error();
  const int n = SSL_write(ssl_, from, static_cast<int>(std::min(size, piece_max)));
  if (n > 0) moved = static_cast<std::size_t>(n);
  return judge(n);
}

step session::peek() {
  if (const auto how = handshake(); how != step::done) return how;
  ERR_clear_error();
  char byte = 0;
  return judge(SSL_peek(ssl_, &byte, 1));
}

std::size_t session::pending() const { return static_cast<std::size_t>(std::max(SSL_pending(ssl_), 0)); }

step session::judge(int result) {
  if (result > 0) return step::done;
  const int system = errno;
  const int code = SSL_get_error(ssl_, result);
  if (code == SSL_ERROR_WANT_READ) return step::want_read;
  if (code == SSL_ERROR_WANT_WRITE) return step::want_write;
  errno = system;
  failure_ = why(code);
  ERR_clear_error();
  return step::failed;
}

std::string session::why(int code) const {
  if (code == SSL_ERROR_ZERO_RETURN) return {};
  if (code == SSL_ERROR_SYSCALL)
    return errno == 0 || errno == ECONNRESET || errno == EPIPE ? std::string{} : exec::errno_text(errno);
  const auto verdict = SSL_get_verify_result(ssl_);
  auto words = take_errors();
  if (verdict != X509_V_OK) return std::string("its certificate is refused: ") + X509_verify_cert_error_string(verdict);
  return words;
}

} // namespace fabric::tls
