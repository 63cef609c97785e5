#pragma once

#include "fabric/error.hpp"
#include "fabric/tls/identity.hpp"
#include "fabric/tls/lifetime.hpp"

#include <optional>
#include <string>

/// Makes and reads the certificates of a cell: X.509 with ECDSA on P-256, everything as PEM. Random, otherwise without
/// state; any thread.
///
/// The subject of a certificate has the role as OU and the name as CN; the name is its DNS name, too. It may be used by
/// the one who dials and, unless it is a client's, by the one who is dialled.
namespace fabric::tls {

struct key_pair {
  std::string certificate;
  std::string key;
};

struct certificate_facts {
  std::optional<identity> whom; ///< nullopt: an authority, or a certificate of something else.
  bool is_authority = false;
  validity valid;
  std::string serial; ///< Hexadecimal digits.
};

/// A new authority, which signs itself. @param cell a name for people. errc::io_error if OpenSSL fails.
expected<key_pair> make_authority(const std::string& cell, const validity& valid);

/// A certificate signed by that authority, with a new key. errc::bad_input for a name that is none, or an authority
/// that is none; errc::io_error if OpenSSL fails.
expected<key_pair> issue(const key_pair& authority, const identity& whom, const validity& valid);

/// What the first certificate in a text says; nothing is verified. errc::bad_input.
expected<certificate_facts> describe(const std::string& certificate);

/// Whether a certificate was signed by that authority. errc::bad_input if it was not; its time is not looked at.
expected<void> check_signed(const std::string& certificate, const std::string& authority);

/// Whether a key is the certificate's. errc::bad_input if it is not.
expected<void> check_key(const std::string& certificate, const std::string& key);

} // namespace fabric::tls
