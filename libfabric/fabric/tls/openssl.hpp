#pragma once

#include "fabric/error.hpp"
#include "fabric/tls/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

/// Ownership of what OpenSSL gives, and its words. For the sources of this folder only.
namespace fabric::tls {

template <auto Free> struct freed_by {
  template <class T> void operator()(T* what) const noexcept { Free(what); }
};

using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using ctx_ptr = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;
using ssl_ptr = std::unique_ptr<SSL, freed_by<SSL_free>>;

/// Takes this thread's errors out of OpenSSL's queue; returns the last one's words, or `otherwise`. What stays in the
/// queue would be taken for the error of the next connection.
std::string take_errors(const std::string& otherwise = "OpenSSL failed");

expected<x509_ptr> parse_certificate(const std::string& pem);
expected<key_ptr> parse_key(const std::string& pem);

certificate_facts facts_of(X509* of);
bool is_signed_by(X509* certificate, X509* authority);
bool is_key_of(X509* certificate, EVP_PKEY* key);

} // namespace fabric::tls
