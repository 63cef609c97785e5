#include "fabric/tls/context.hpp"

#include "fabric/tls/openssl.hpp"
#include "fabric/tls/revocations.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <mutex>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace fabric::tls {

namespace {

/// After OpenSSL's own verification: a certificate of the authority must name an identity, and not be revoked.
int verify(int good_so_far, X509_STORE_CTX* state) {
  if (good_so_far != 1 || X509_STORE_CTX_get_error_depth(state) != 0) return good_so_far;
  const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(state, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* mine = static_cast<const context*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const auto facts = facts_of(X509_STORE_CTX_get_current_cert(state));
  if (!facts.whom) {
    X509_STORE_CTX_set_error(state, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }
  if (mine->is_revoked(facts.serial)) {
    X509_STORE_CTX_set_error(state, X509_V_ERR_CERT_REVOKED);
    return 0;
  }
  return 1;
}

bool trust(SSL_CTX* ctx, X509* authority) {
  auto* store = SSL_CTX_get_cert_store(ctx);
  return X509_STORE_add_cert(store, authority) == 1 && SSL_CTX_add_client_CA(ctx, authority) == 1;
}

bool set_rules(SSL_CTX* ctx) {
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
  SSL_CTX_set_verify_depth(ctx, 1);
  return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 && SSL_CTX_set_num_tickets(ctx, 0) == 1;
}

} // namespace

context::context(SSL_CTX* ctx, certificate_facts own, std::string place, revoked_check is_revoked)
    : ctx_(ctx), own_(std::move(own)), place_(std::move(place)), is_revoked_(std::move(is_revoked)) {
  SSL_CTX_set_app_data(ctx_, this);
}

context::~context() { SSL_CTX_free(ctx_); }

expected<context_ptr> context::make(const credentials& own, revoked_check is_revoked) {
  const auto authority = parse_certificate(own.authority);
  if (!authority) return tl::unexpected(authority.error());
  const auto certificate = parse_certificate(own.certificate);
  if (!certificate) return tl::unexpected(certificate.error());
  const auto key = parse_key(own.key);
  if (!key) return tl::unexpected(key.error());
  auto facts = facts_of(certificate->get());
  if (!facts.whom) return fail(errc::bad_input, own.place + " names no scheduler, node or client");
  ctx_ptr made{SSL_CTX_new(TLS_method())};
  if (!made || !set_rules(made.get()) || !trust(made.get(), authority->get()) ||
      SSL_CTX_use_certificate(made.get(), certificate->get()) != 1 ||
      SSL_CTX_use_PrivateKey(made.get(), key->get()) != 1)
    return fail(errc::io_error, "OpenSSL: " + take_errors());
  return context_ptr{new context(made.release(), std::move(facts), own.place, std::move(is_revoked))};
}

namespace {

/// What is in the file, as long as it is the same file.
class revocation_file {
public:
  explicit revocation_file(std::string path) : path_(std::move(path)) {}

  bool names(const std::string& serial) {
    const std::lock_guard lock{mutex_};
    if (!look()) return true;
    return serials_.contains(serial);
  }

private:
  bool look() {
    struct stat now {};
    if (::stat(path_.c_str(), &now) != 0) {
      serials_.clear();
      seen_.reset();
      return errno == ENOENT;
    }
    const state found{now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
    if (seen_ == found) return true;
    const auto text = read_pem(path_);
    if (!text) return false;
    serials_ = parse_revocations(*text);
    seen_ = found;
    return true;
  }

  using state = std::tuple<ino_t, off_t, time_t, long>;

  std::string path_;
  std::mutex mutex_;
  std::set<std::string> serials_;
  std::optional<state> seen_;
};

} // namespace

context::revoked_check revocations_of(std::string file) {
  return [kept = std::make_shared<revocation_file>(std::move(file))](const std::string& serial) {
    return kept->names(serial);
  };
}

} // namespace fabric::tls
