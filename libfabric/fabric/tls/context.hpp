#pragma once

#include "fabric/error.hpp"
#include "fabric/tls/certificate.hpp"
#include "fabric/tls/files.hpp"

#include <functional>
#include <memory>
#include <string>

struct ssl_ctx_st;

/// Who this process is on the wire, and whom it believes.
namespace fabric::tls {

/// Made once from credentials in memory and shared by all connections: no file is read later. TLS 1.3 only; whoever is
/// on the other side must show a certificate of the same authority that names an identity, is good now and is not
/// revoked. Nothing is resumed, so that every connection is judged anew. Thread-safe.
class context {
public:
  /// Asked for the serial number of a certificate that is otherwise good, in the thread of a handshake.
  using revoked_check = std::function<bool(const std::string& serial)>;

  /// errc::bad_input if the credentials do not fit together; errc::io_error if OpenSSL fails.
  static expected<std::shared_ptr<const context>> make(const credentials& own, revoked_check is_revoked = {});

  ~context();
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  /// Of this process.
  const certificate_facts& own() const { return own_; }
  const std::string& place() const { return place_; }

  bool is_revoked(const std::string& serial) const { return is_revoked_ && is_revoked_(serial); }
  ssl_ctx_st* get() const { return ctx_; }

private:
  context(ssl_ctx_st* ctx, certificate_facts own, std::string place, revoked_check is_revoked);

  ssl_ctx_st* ctx_;
  certificate_facts own_;
  std::string place_;
  revoked_check is_revoked_;
};

using context_ptr = std::shared_ptr<const context>;

/// Looks into a file of revocations whenever it has changed. Thread-safe. A file that is not there names nobody; one
/// that cannot be read makes every certificate count as revoked.
context::revoked_check revocations_of(std::string file);

} // namespace fabric::tls
