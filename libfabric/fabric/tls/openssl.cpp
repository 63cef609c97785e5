#include "fabric/tls/openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace fabric::tls {

namespace {

bio_ptr reader_of(const std::string& text) {
  return bio_ptr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// Never asks a terminal for a passphrase, as OpenSSL would by itself.
int no_passphrase(char*, int, int, void*) { return -1; }

} // namespace

std::string take_errors(const std::string& otherwise) {
  std::string words = otherwise;
  while (const auto code = ERR_get_error())
    if (const char* reason = ERR_reason_error_string(code)) words = reason;
  return words;
}

expected<x509_ptr> parse_certificate(const std::string& pem) {
  const auto in = reader_of(pem);
  x509_ptr found{PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr)};
  if (!found) return fail(errc::bad_input, "is no certificate in PEM: " + take_errors());
  return found;
}

expected<key_ptr> parse_key(const std::string& pem) {
  const auto in = reader_of(pem);
  key_ptr found{PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr)};
  if (!found) return fail(errc::bad_input, "is no private key in PEM without a passphrase: " + take_errors());
  return found;
}

} // namespace fabric::tls
