#pragma once

#include "fabric/tls/context.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

struct ssl_st;

/// One connection: TLS over a socket that does not block.
namespace fabric::tls {

enum class side { dials, is_dialled };

enum class step {
  done,       ///< Bytes went through; or, of a handshake: it is over, and well.
  want_read,  ///< Again when the socket can be read.
  want_write, ///< Again when it can be written.
  failed,     ///< The connection is of no use any more; failure() says why.
};

/// Used by one thread at a time. Leaves nothing in OpenSSL's error queue, from which it also takes what others left
/// there: else the failure of one connection would end another that does well.
class session {
public:
  /// @param socket does not block; stays the caller's and open for as long as this lives. Raises no SIGPIPE.
  /// @returns null if OpenSSL has no memory.
  static std::unique_ptr<session> make(context_ptr who, int socket, side which);

  ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// Until it is done(); read() and write() do it, too.
  step handshake();
  bool established() const { return peer_.has_value(); }

  /// @param moved bytes; 0 unless done. A read at the end of the stream fails, with an empty failure().
  step read(void* into, std::size_t room, std::size_t& moved);
  step write(const void* from, std::size_t size, std::size_t& moved);

  /// Whether there is something to read, without taking it.
  step peek();

  /// Bytes that were received and decrypted, and not yet read.
  std::size_t pending() const;

  /// Whom the other side's certificate names. @pre established().
  const identity& peer() const { return *peer_; }

  /// Why it failed, in words; empty: the other side went away without one.
  const std::string& failure() const { return failure_; }

private:
  session(context_ptr who, ssl_st* ssl, side which);
  step judge(int result);
  std::string why(int code) const;

  context_ptr who_;
  ssl_st* ssl_;
  side side_;
  std::optional<identity> peer_;
  std::string failure_;
};

} // namespace fabric::tls
