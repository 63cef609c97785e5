#pragma once

#include "fabric/tls/identity.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Where certificates and keys are, and who may read them. Pure: no file is touched.
///
///   DATA/tls/               0700, of a scheduler's node
///     ca.pem, ca.key        the cell's authority
///     node.pem, node.key    this node's own certificate
///     client/               for the command line on this host: ca.pem, client.pem, client.key
///     issued/SERIAL.pem     every certificate that the authority has signed
///     revoked               a line for each that is no longer to be believed
///
/// A node that joins has ca.pem, node.pem and node.key only.
namespace fabric::tls {

/// PEM files of one who takes part.
struct credential_files {
  std::string authority, certificate, key;

  bool operator==(const credential_files&) const = default;
};

struct authority_files {
  std::string certificate, key;
  std::string client;  ///< Directory.
  std::string issued;  ///< Directory.
  std::string revoked; ///< Lines "SERIAL NAME".
};

credential_files files_of(role what, const std::string& directory);
authority_files authority_in(const std::string& directory);

/// Where a client's credentials may be in a directory that a user names: in it, or where a node's data directory has
/// them; the node's own last.
std::vector<credential_files> client_files_in(const std::string& directory);

/// What decides where a client looks. Texts are nullopt where a variable is not set.
struct surroundings {
  std::string given;                      ///< --tls, or client_settings::tls; empty: not named.
  std::optional<std::string> variable;    ///< FABRIC_TLS.
  std::optional<std::string> config_home; ///< XDG_CONFIG_HOME.
  std::optional<std::string> home;        ///< HOME.
};

/// The directories in which a client looks, best first. One that is named is the only one.
std::vector<std::string> client_places(const surroundings& around);

/// What is wrong with the permissions of a key's file: others than its owner may read it (for a client its group may,
/// so that several operators can share one), or change it. Empty: nothing. @param mode of stat.
std::string wrong_with_key_mode(role whose, std::uint32_t mode);

} // namespace fabric::tls
