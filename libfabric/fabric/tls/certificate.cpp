#include "fabric/tls/certificate.hpp"

#include "fabric/job/names.hpp"
#include "fabric/tls/openssl.hpp"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

namespace fabric::tls {

namespace {

using bn_ptr = std::unique_ptr<BIGNUM, freed_by<BN_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;

tl::unexpected<error> broken() { return fail(errc::io_error, "OpenSSL: " + take_errors()); }

std::time_t seconds_of(time_point t) { return std::chrono::system_clock::to_time_t(t); }

std::string text_of(BIO* out) {
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(out, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

expected<key_pair> as_pem(X509* certificate, EVP_PKEY* key) {
  const bio_ptr first{BIO_new(BIO_s_mem())}, second{BIO_new(BIO_s_mem())};
  if (!first || !second || PEM_write_bio_X509(first.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(second.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return broken();
  return key_pair{text_of(first.get()), text_of(second.get())};
}

bool give_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3f) | 0x40); // Positive, and always of the same length.
  const bn_ptr number{BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr)};
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool add_entry(X509_NAME* subject, int nid, const std::string& text) {
  return X509_NAME_add_entry_by_NID(subject, nid, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool add_extension(X509* to, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  const extension_ptr made{X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())};
  return made && X509_add_ext(to, made.get(), -1) == 1;
}

/// An unsigned certificate without extensions.
x509_ptr begin_certificate(const validity& valid, EVP_PKEY* key) {
  x509_ptr made{X509_new()};
  if (!made || X509_set_version(made.get(), X509_VERSION_3) != 1 || !give_serial(made.get()) ||
      !ASN1_TIME_set(X509_getm_notBefore(made.get()), seconds_of(valid.from)) ||
      !ASN1_TIME_set(X509_getm_notAfter(made.get()), seconds_of(valid.until)) || X509_set_pubkey(made.get(), key) != 1)
    return nullptr;
  return made;
}

bool add_extensions(X509* made, X509* issuer, const identity& whom) {
  const auto* uses = whom.what == role::client ? "clientAuth" : "serverAuth,clientAuth";
  return add_extension(made, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(made, issuer, NID_key_usage, "critical,digitalSignature") &&
         add_extension(made, issuer, NID_ext_key_usage, uses) &&
         add_extension(made, issuer, NID_subject_alt_name, "DNS:" + whom.name) &&
         add_extension(made, issuer, NID_subject_key_identifier, "hash") &&
         add_extension(made, issuer, NID_authority_key_identifier, "keyid:always");
}

std::string entry_of(X509_NAME* subject, int nid) {
  const int at = X509_NAME_get_index_by_NID(subject, nid, -1);
  if (at < 0) return {};
  const auto* data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(data)),
          static_cast<std::size_t>(ASN1_STRING_length(data))};
}

time_point instant_of(const ASN1_TIME* t) {
  std::tm broken_down{};
  if (ASN1_TIME_to_tm(t, &broken_down) != 1) return no_time;
  return time_point{std::chrono::seconds{timegm(&broken_down)}};
}

std::string serial_of(X509* of) {
  const bn_ptr number{ASN1_INTEGER_to_BN(X509_get_serialNumber(of), nullptr)};
  char* digits = number ? BN_bn2hex(number.get()) : nullptr;
  std::string text = digits ? digits : "";
  OPENSSL_free(digits);
  return text;
}

} // namespace

expected<key_pair> make_authority(const std::string& cell, const validity& valid) {
  const key_ptr key{EVP_EC_gen("P-256")};
  if (!key) return broken();
  const auto made = begin_certificate(valid, key.get());
  if (!made) return broken();
  auto* subject = X509_get_subject_name(made.get());
  if (!add_entry(subject, NID_organizationName, "job fabric") || !add_entry(subject, NID_commonName, cell) ||
      X509_set_issuer_name(made.get(), subject) != 1 ||
      !add_extension(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(made.get(), made.get(), NID_subject_key_identifier, "hash") ||
      X509_sign(made.get(), key.get(), EVP_sha256()) == 0)
    return broken();
  return as_pem(made.get(), key.get());
}

expected<key_pair> issue(const key_pair& authority, const identity& whom, const validity& valid) {
  if (!is_name(whom.name))
    return fail(errc::bad_input, "\"" + whom.name + "\" is no name: 1 to 64 letters, digits, \"_\", \".\" and \"-\"");
  const auto issuer = parse_certificate(authority.certificate);
  if (!issuer) return tl::unexpected(issuer.error());
  const auto issuer_key = parse_key(authority.key);
  if (!issuer_key) return tl::unexpected(issuer_key.error());
  const key_ptr key{EVP_EC_gen("P-256")};
  if (!key) return broken();
  const auto made = begin_certificate(valid, key.get());
  if (!made) return broken();
  auto* subject = X509_get_subject_name(made.get());
  if (!add_entry(subject, NID_organizationalUnitName, std::string(to_string(whom.what))) ||
      !add_entry(subject, NID_commonName, whom.name) ||
      X509_set_issuer_name(made.get(), X509_get_subject_name(issuer->get())) != 1 ||
      !add_extensions(made.get(), issuer->get(), whom) || X509_sign(made.get(), issuer_key->get(), EVP_sha256()) == 0)
    return broken();
  return as_pem(made.get(), key.get());
}

certificate_facts facts_of(X509* of) {
  certificate_facts facts;
  facts.is_authority = X509_check_ca(of) > 0;
  facts.valid = {instant_of(X509_get0_notBefore(of)), instant_of(X509_get0_notAfter(of))};
  facts.serial = serial_of(of);
  auto* subject = X509_get_subject_name(of);
  const auto what = role_from(entry_of(subject, NID_organizationalUnitName));
  auto name = entry_of(subject, NID_commonName);
  if (what && !facts.is_authority && is_name(name)) facts.whom = identity{*what, std::move(name)};
  return facts;
}

expected<certificate_facts> describe(const std::string& certificate) {
  const auto found = parse_certificate(certificate);
  if (!found) return tl::unexpected(found.error());
  return facts_of(found->get());
}

bool is_signed_by(X509* certificate, X509* authority) {
  const bool is = X509_verify(certificate, X509_get0_pubkey(authority)) == 1;
  ERR_clear_error();
  return is;
}

bool is_key_of(X509* certificate, EVP_PKEY* key) {
  const bool is = X509_check_private_key(certificate, key) == 1;
  ERR_clear_error();
  return is;
}

expected<void> check_signed(const std::string& certificate, const std::string& authority) {
  const auto one = parse_certificate(certificate);
  if (!one) return tl::unexpected(one.error());
  const auto issuer = parse_certificate(authority);
  if (!issuer) return tl::unexpected(issuer.error());
  if (!is_signed_by(one->get(), issuer->get())) return fail(errc::bad_input, "was not signed by this authority");
  return {};
}

expected<void> check_key(const std::string& certificate, const std::string& key) {
  const auto one = parse_certificate(certificate);
  if (!one) return tl::unexpected(one.error());
  const auto other = parse_key(key);
  if (!other) return tl::unexpected(other.error());
  if (!is_key_of(one->get(), other->get())) return fail(errc::bad_input, "is not the key of this certificate");
  return {};
}

} // namespace fabric::tls
