#pragma once

#include "fabric/tls/certificate.hpp"
#include "fabric/tls/files.hpp"

#include <functional>
#include <string>
#include <vector>

/// The authority of a cell, in the directory tls of its scheduler's data; see layout.hpp. Used by fabricd as it starts
/// and by `fabric ca`, beside each other: every change is one file that appears, or one line. Any thread.
namespace fabric::tls {

/// One certificate that the authority has signed.
struct issued_certificate {
  certificate_facts facts;
  bool revoked = false;
};

class authority {
public:
  /// @returns errc::not_found if there is none; else as read_credentials().
  static expected<authority> open(const std::string& directory);

  /// Makes one. @pre there is none. @param cell a name for people. errc::io_error, errc::disk_full.
  static expected<authority> make(const std::string& directory, const std::string& cell, time_point now);

  /// Its certificate, as PEM.
  const std::string& certificate() const { return pair_.certificate; }
  const certificate_facts& facts() const { return facts_; }

  /// Signs a certificate and keeps a copy of it (not of its key) among those issued. Errors as fabric::tls::issue().
  expected<key_pair> issue(const identity& whom, time_point now, duration length = certificate_length);

private:
  authority(std::string directory, key_pair pair, certificate_facts facts)
      : directory_(std::move(directory)), pair_(std::move(pair)), facts_(std::move(facts)) {}

  std::string directory_;
  key_pair pair_;
  certificate_facts facts_;
};

/// Writes what its holder needs: the key for its owner only. errc::io_error, errc::disk_full.
expected<void> write_credentials(const credential_files& to, const std::string& authority, const key_pair& own);

/// All that was issued, by name; what cannot be read is left out. errc::io_error.
expected<std::vector<issued_certificate>> issued_in(const std::string& directory);

/// Says of every certificate with that name, or of the one with that serial number, that it is not to be believed any
/// more. @returns how many are newly revoked. errc::not_found if none was issued; errc::io_error.
expected<std::size_t> revoke(const std::string& directory, const std::string& name_or_serial);

/// Whether there may be a new authority where there is none: at a start, but never while the old one's certificates are
/// in use.
enum class new_authority { may_be, must_not_be };

/// The credentials of a scheduler's node. Makes the authority, the node's certificate and the one for the command line
/// where they are missing, renews those that are near their end or for another name. @param told a line for each thing
/// done. Errors as above; errc::not_allowed for certificates that are over and cannot be renewed because the
/// authority's key is elsewhere.
expected<credentials> scheduler_credentials(const std::string& directory, const std::string& name, time_point now,
                                            const std::function<void(const std::string&)>& told,
                                            new_authority made = new_authority::may_be);

} // namespace fabric::tls
